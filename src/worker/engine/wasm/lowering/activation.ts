import type { ActivationNode, Lowered, LoweringContext } from '../plan/lowering.js';
import { pixelsOf, vectorsOf } from './vectors.js';

type Elementwise = Exclude<ActivationNode['function'], 'softmax'>;

/** What the gradient is computed from: the output where that suffices, else the input. */
const GRADIENT_FROM: Readonly<Record<Elementwise, 'input' | 'output'>> = {
  relu: 'output',
  relu6: 'output',
  leakyRelu: 'input',
  elu: 'input',
  selu: 'input',
  sigmoid: 'output',
  hardSigmoid: 'output',
  tanh: 'output',
  softplus: 'input',
  softsign: 'input',
  swish: 'input',
  gelu: 'input',
};

/** Element by element, except softmax, which is over the channels of each pixel. */
export function lowerActivation(node: ActivationNode, context: LoweringContext): Lowered {
  const { output, outputGradient } = context;
  const x = context.inputs[0]!;
  const dx = context.inputGradients[0];
  if (node.function === 'softmax') {
    const sizes = [['batch'], output.shape.channels, pixelsOf(output.shape)] as const;
    return {
      prepare: [],
      forward: [{ kernel: 'softmax', args: [output, x, ...sizes], split: 'samples' }],
      backward: dx
        ? [
            {
              kernel: 'softmaxGradient',
              args: [dx, outputGradient, output, ...sizes],
              split: 'samples',
            },
          ]
        : [],
      backwardReads: { inputs: false, output: dx !== null },
    };
  }
  const alpha = node.function === 'leakyRelu' || node.function === 'elu' ? [node.alpha] : [];
  const sizes = [['batch'], vectorsOf(output), ...alpha] as const;
  // With a slope of 0 or more the output's sign tells what the input's does.
  const fromOutput =
    GRADIENT_FROM[node.function] === 'output' || (node.function === 'leakyRelu' && node.alpha >= 0);
  return {
    prepare: [],
    forward: [{ kernel: node.function, args: [output, x, ...sizes], split: 'samples' }],
    backward: dx
      ? [
          {
            kernel: `${node.function}Gradient`,
            args: [dx, outputGradient, fromOutput ? output : x, ...sizes],
            split: 'samples',
          },
        ]
      : [],
    backwardReads: { inputs: dx !== null && !fromOutput, output: dx !== null && fromOutput },
  };
}
