import type { Lowered, LoweringContext, PoolNode } from '../plan/lowering.js';
import { blocksOf, windowArguments } from './vectors.js';

/**
 * Max pooling finds its maxima again in backward, from the input. The mean of average pooling is
 * over the pixels that exist, and so is its gradient.
 */
export function lowerPool(node: PoolNode, context: LoweringContext): Lowered {
  const { output, outputGradient } = context;
  const x = context.inputs[0]!;
  const dx = context.inputGradients[0];
  const sizes = [
    ['batch'],
    blocksOf(x.shape),
    ...windowArguments(x.shape, output.shape, node),
  ] as const;
  if (node.kind === 'averagePool') {
    return {
      prepare: [],
      forward: [{ kernel: 'averagePool', args: [output, x, ...sizes], split: 'samples' }],
      backward: dx
        ? [
            {
              kernel: 'averagePoolBackward',
              args: [dx, outputGradient, ...sizes],
              split: 'samples',
            },
          ]
        : [],
      backwardReads: { inputs: false, output: false },
    };
  }
  const foldRelu = node.foldRelu ? 1 : 0;
  return {
    prepare: [],
    forward: [{ kernel: 'maxPool', args: [output, x, ...sizes], split: 'samples' }],
    backward: dx
      ? [
          {
            kernel: 'maxPoolBackward',
            args: [dx, outputGradient, x, ...sizes, foldRelu],
            split: 'samples',
          },
        ]
      : [],
    backwardReads: { inputs: dx !== null, output: false },
  };
}
