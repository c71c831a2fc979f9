import type { KernelCall, Lowered, LoweringContext, UpSampleNode } from '../plan/lowering.js';
import { blocksOf } from './vectors.js';

/** Maps enlarged by whole factors, by pixels or along lines between them. */
export function lowerUpSample(node: UpSampleNode, context: LoweringContext): Lowered {
  const x = context.inputs[0]!;
  const dx = context.inputGradients[0];
  const sizes = [
    ['batch'],
    blocksOf(x.shape),
    x.shape.height,
    x.shape.width,
    ...node.factors,
    node.bilinear ? 1 : 0,
  ] as const;
  const backward: KernelCall[] = dx
    ? [{ kernel: 'upSampleBackward', args: [dx, context.outputGradient, ...sizes], split: 'samples' }] // prettier-ignore
    : [];
  return {
    prepare: [],
    forward: [{ kernel: 'upSample', args: [context.output, x, ...sizes], split: 'samples' }],
    backward,
    backwardReads: { inputs: false, output: false },
  };
}
