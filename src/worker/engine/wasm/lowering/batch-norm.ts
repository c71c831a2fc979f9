import { dropoutScale } from '../../../../shared/numerics/dropout-mask.js';
import type {
  BatchNormNode,
  BufferRef,
  DropoutNode,
  KernelCall,
  Lowered,
  LoweringContext,
  MapShape,
} from '../plan/lowering.js';
import type { Operand } from '../plan/plan.js';
import { drawMask } from './dropout.js';
import { lowerFusedPool } from './fused-pool.js';
import { blocksOf, pixelsOf, vectorsOf } from './vectors.js';

/**
 * Weights: gamma (where `scale`), beta (where `center`), movingMean, movingVariance. The gradients
 * of the latter two are their terms, momentumTerm · the micro-batch's mean and biased variance.
 * A layer that is frozen as a whole is a fixed scale and shift in training too, as in Keras.
 */
export function lowerBatchNorm(node: BatchNormNode, context: LoweringContext): Lowered {
  const map = node.pool?.map ?? context.output.shape;
  const x = context.inputs[0]!;
  const dx = context.inputGradients[0] ?? 0;
  const isFixed = isFixedNorm(node, context);
  const saved = isFixed ? 0 : context.saved(blocksOf(map) * 48);
  const gamma = node.scale ? context.weight('gamma') : 0;
  const beta = node.center ? context.weight('beta') : 0;
  const sizes = [['batch'], map.channels, pixelsOf(map)] as const;

  const relu = node.activation === 'relu' ? 1 : 0;
  const pool = lowerFusedPool(node.pool, context);
  const mask = node.dropout && lowerMask(node.dropout, map, context);
  const follows: readonly (Operand | BufferRef)[] = [relu, ...pool.operands];
  const dropped = [mask?.kept ?? 0, mask?.scale ?? 1] as const;
  const draw = mask === null ? [] : [mask.draw];
  const inference = normalizeFixed(node, map, context, [...follows, 0, 1]);
  const inferenceCalls = [...pool.describe, inference];
  const isPlain = relu === 0 && node.pool === null && mask === null;
  const backwardReads = { inputs: !isFixed, output: relu === 1 && node.pool === null };
  if (isFixed) {
    const before: KernelCall = {
      kernel: 'batchNormGradientBefore',
      split: 'samples',
      args: [
        dx,
        context.outputGradient,
        context.output,
        ...sizes,
        relu,
        ...pool.operands.slice(0, 2),
        ...dropped,
      ],
    };
    // ∂x = γ/√(movingVariance + ε)·∂y: the forward pass without mean and shift.
    const scaled = [...normalizeFixed(node, map, context, [0, 0, 0, 0, 0, 1]).args];
    scaled.splice(0, 2, dx, isPlain ? context.outputGradient : dx);
    scaled.splice(6, 2, 0, 0);
    const scale: KernelCall = { kernel: 'batchNormInference', args: scaled, split: 'samples' };
    return {
      prepare: [],
      forward: [
        ...pool.describe,
        ...draw,
        normalizeFixed(node, map, context, [...follows, ...dropped]),
      ],
      inference: inferenceCalls,
      backward: dx === 0 ? [] : isPlain ? [scale] : [...pool.describe, before, scale],
      backwardReads,
    };
  }

  const forward: KernelCall = {
    kernel: 'batchNormForward',
    split: 'parts',
    args: [
      ['part'],
      ['parts'],
      context.output,
      x,
      saved,
      ...sizes,
      gamma,
      beta,
      context.gradient('movingMean') ?? 0,
      context.gradient('movingVariance') ?? 0,
      ['momentumTerm', node.momentum],
      node.epsilon,
      ['add'],
      ...follows,
      ...dropped,
    ],
  };
  const before = isPlain
    ? context.outputGradient
    : dx !== 0
      ? dx
      : context.scratch(context.batchMax * vectorsOf({ ...x, shape: map }) * 16);
  const backward: KernelCall = {
    kernel: 'batchNormBackward',
    split: 'parts',
    args: [
      ['part'],
      ['parts'],
      ['add'],
      dx,
      node.scale ? (context.gradient('gamma') ?? 0) : 0,
      node.center ? (context.gradient('beta') ?? 0) : 0,
      context.outputGradient,
      x,
      saved,
      ...sizes,
      gamma,
      before,
      context.output,
      relu,
      ...pool.operands.slice(0, 2),
      ...dropped,
    ],
  };
  return {
    prepare: [],
    forward: [...pool.describe, ...draw, forward],
    inference: inferenceCalls,
    backward: [...pool.describe, backward],
    backwardReads,
  };
}

/** Whether the layer is frozen as a whole. */
export function isFixedNorm({ scale, center }: BatchNormNode, context: LoweringContext): boolean {
  const roles = [...(scale ? ['gamma'] : []), ...(center ? ['beta'] : []), 'movingMean'];
  return roles.every((role) => context.gradient(role) === null);
}

/** y = γ·(x − movingMean)/√(movingVariance + ε) + β. */
function normalizeFixed(
  node: BatchNormNode,
  map: MapShape,
  context: LoweringContext,
  follows: readonly (Operand | BufferRef)[],
): KernelCall {
  return {
    kernel: 'batchNormInference',
    split: 'samples',
    args: [
      context.output,
      context.inputs[0]!,
      ['batch'],
      map.channels,
      pixelsOf(map),
      node.scale ? context.weight('gamma') : 0,
      node.center ? context.weight('beta') : 0,
      context.weight('movingMean'),
      context.weight('movingVariance'),
      node.epsilon,
      ...follows,
    ],
  };
}

function lowerMask(node: DropoutNode, map: MapShape, context: LoweringContext) {
  const vectors = blocksOf(map) * pixelsOf(map);
  const kept = context.savedSamples(vectors);
  return { kept, scale: dropoutScale(node.rate), draw: drawMask(node, kept, vectors, context) };
}
