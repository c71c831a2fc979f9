import type { BatchNormNode, KernelCall, Lowered, LoweringContext } from '../plan/lowering.js';
import { blocksOf, pixelsOf } from './vectors.js';

/**
 * Weights: gamma (where `scale`), beta (where `center`), movingMean, movingVariance. The gradients
 * of the latter two are their terms, momentumTerm · the micro-batch's mean and biased variance.
 * A layer that is frozen as a whole is a fixed scale and shift in training too, as in Keras.
 */
export function lowerBatchNorm(node: BatchNormNode, context: LoweringContext): Lowered {
  const { shape } = context.output;
  const x = context.inputs[0]!;
  const dx = context.inputGradients[0] ?? 0;
  const roles = [...(node.scale ? ['gamma'] : []), ...(node.center ? ['beta'] : []), 'movingMean'];
  if (roles.every((role) => context.gradient(role) === null)) return lowerFrozen(node, context);
  const saved = context.saved(blocksOf(shape) * 48);
  const gamma = node.scale ? context.weight('gamma') : 0;
  const beta = node.center ? context.weight('beta') : 0;
  const meanTerms = context.gradient('movingMean') ?? 0;
  const varianceTerms = context.gradient('movingVariance') ?? 0;
  const sizes = [['batch'], shape.channels, pixelsOf(shape)] as const;
  return {
    prepare: [],
    forward: [
      {
        kernel: 'batchNormForward',
        args: [
          context.output,
          x,
          saved,
          ...sizes,
          gamma,
          beta,
          meanTerms,
          varianceTerms,
          ['momentumTerm', node.momentum],
          node.epsilon,
        ],
      },
    ],
    inference: [inference(node, context)],
    backward: [
      {
        kernel: 'batchNormBackward',
        args: [
          dx,
          node.scale ? (context.gradient('gamma') ?? 0) : 0,
          node.center ? (context.gradient('beta') ?? 0) : 0,
          context.outputGradient,
          x,
          saved,
          ...sizes,
          gamma,
        ],
      },
    ],
    backwardReads: { inputs: true, output: false },
  };
}

/** y = γ·(x − movingMean)/√(movingVariance + ε) + β. */
function inference(node: BatchNormNode, context: LoweringContext): KernelCall {
  const { output, inputs } = context;
  return {
    kernel: 'batchNormInference',
    args: [
      output,
      inputs[0]!,
      ['batch'],
      output.shape.channels,
      pixelsOf(output.shape),
      node.scale ? context.weight('gamma') : 0,
      node.center ? context.weight('beta') : 0,
      context.weight('movingMean'),
      context.weight('movingVariance'),
      node.epsilon,
    ],
  };
}

/** ∂x = γ/√(movingVariance + ε)·∂y: the forward pass without mean and shift. */
function lowerFrozen(node: BatchNormNode, context: LoweringContext): Lowered {
  const forward = inference(node, context);
  const dx = context.inputGradients[0];
  const backward = [...forward.args];
  backward.splice(0, 2, dx ?? 0, context.outputGradient);
  backward.splice(6, 2, 0, 0);
  return {
    prepare: [],
    forward: [forward],
    backward: dx ? [{ kernel: forward.kernel, args: backward }] : [],
    backwardReads: { inputs: false, output: false },
  };
}
