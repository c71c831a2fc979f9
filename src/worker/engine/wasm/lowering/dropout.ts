import { dropoutScale, dropoutThreshold } from '../../../../shared/numerics/dropout-mask.js';
import { PURPOSE, streamWord } from '../../../../shared/numerics/streams.js';
import type {
  BufferRef,
  DropoutNode,
  KernelCall,
  Lowered,
  LoweringContext,
} from '../plan/lowering.js';
import { blocksOf, pixelsOf, vectorsOf } from './vectors.js';

/** Inference is a copy. Backward draws the mask again: the same kernel over the gradient. */
export function lowerDropout(node: DropoutNode, context: LoweringContext): Lowered {
  const { output } = context;
  const x = context.inputs[0]!;
  const dx = context.inputGradients[0];
  const copy: KernelCall = { kernel: 'copy', args: [output, x, ['batch'], vectorsOf(output)] };
  if (node.rate <= 0) {
    const args = [dx!, context.outputGradient, ['batch'], vectorsOf(output)] as const;
    return {
      prepare: [],
      forward: [copy],
      backward: dx ? [{ kernel: 'copy', args }] : [],
      backwardReads: { inputs: false, output: false },
    };
  }
  const sizes = node.spatial
    ? [blocksOf(output.shape), pixelsOf(output.shape)]
    : [vectorsOf(output)];
  const scratch = context.scratch(64);
  const mask = (to: BufferRef, from: BufferRef): KernelCall => ({
    kernel: node.spatial ? 'spatialDropout' : 'dropout',
    args: [
      to,
      from,
      scratch,
      ['batch'],
      ...sizes,
      ['samples'],
      ['step'],
      streamWord(PURPOSE.dropout, node.ordinal),
      ['seedLow'],
      ['seedHigh'],
      dropoutThreshold(node.rate),
      dropoutScale(node.rate),
    ],
  });
  return {
    prepare: [],
    forward: [mask(output, x)],
    inference: [copy],
    backward: dx ? [mask(dx, context.outputGradient)] : [],
    backwardReads: { inputs: false, output: false },
  };
}
