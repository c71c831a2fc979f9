import type { GlobalPoolNode, Lowered, LoweringContext } from '../plan/lowering.js';
import { blocksOf, pixelsOf } from './vectors.js';

/** From [height][width] to one pixel. Of equal maxima the first gets the gradient. */
export function lowerGlobalPool(node: GlobalPoolNode, context: LoweringContext): Lowered {
  const { output, outputGradient } = context;
  const x = context.inputs[0]!;
  const dx = context.inputGradients[0];
  const sizes = [['batch'], blocksOf(x.shape), pixelsOf(x.shape)] as const;
  const max = node.kind === 'globalMaxPool';
  const read = max ? [x] : [];
  return {
    prepare: [],
    forward: [{ kernel: node.kind, args: [output, x, ...sizes], split: 'samples' }],
    backward: dx
      ? [
          {
            kernel: `${node.kind}Backward`,
            args: [dx, outputGradient, ...read, ...sizes],
            split: 'samples',
          },
        ]
      : [],
    backwardReads: { inputs: max && dx !== null, output: false },
  };
}
