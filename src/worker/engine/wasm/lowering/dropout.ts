import { dropoutScale, dropoutThreshold } from '../../../../shared/numerics/dropout-mask.js';
import { PURPOSE, streamWord } from '../../../../shared/numerics/streams.js';
import type {
  BufferRef,
  DropoutNode,
  KernelCall,
  Lowered,
  LoweringContext,
  TensorRef,
} from '../plan/lowering.js';
import { blocksOf, pixelsOf, vectorsOf } from './vectors.js';

/** Inference is a copy. */
export function lowerDropout(node: DropoutNode, context: LoweringContext): Lowered {
  const { output, outputGradient } = context;
  const x = context.inputs[0]!;
  const dx = context.inputGradients[0];
  const vectors = vectorsOf(output);
  const copy = (to: TensorRef, from: TensorRef): KernelCall => ({
    kernel: 'copy',
    args: [to, from, ['batch'], vectors],
    split: 'samples',
  });
  const lowered = (forward: readonly KernelCall[], backward: readonly KernelCall[]): Lowered => ({
    prepare: [],
    forward,
    inference: [copy(output, x)],
    backward: dx ? backward : [],
    backwardReads: { inputs: false, output: false },
  });
  if (node.rate <= 0) return lowered([copy(output, x)], dx ? [copy(dx, outputGradient)] : []);
  if (node.spatial) {
    const call = spatial(node, context);
    return lowered([call(output, x)], dx ? [call(dx, outputGradient)] : []);
  }
  const kept = context.savedSamples(vectors);
  const apply = (to: TensorRef, from: TensorRef): KernelCall => ({
    kernel: 'dropoutApply',
    args: [to, from, ['batch'], vectors, kept, dropoutScale(node.rate)],
    split: 'samples',
  });
  return lowered(
    [drawMask(node, kept, vectors, context), apply(output, x)],
    dx ? [apply(dx, outputGradient)] : [],
  );
}

/** The mask of a micro-batch, a byte a vector: assembly/dropout.ts. */
export function drawMask(
  node: DropoutNode,
  kept: BufferRef,
  vectors: number,
  context: LoweringContext,
): KernelCall {
  return {
    kernel: 'dropoutMask',
    args: [kept, context.scratch(64), ['batch'], vectors, ...draws(node)],
    split: 'samples',
  };
}

/** Whole channels; backward is the same kernel over the gradient, which draws the mask again. */
function spatial(node: DropoutNode, context: LoweringContext) {
  const scratch = context.scratch(64);
  const { shape } = context.output;
  return (to: TensorRef, from: TensorRef): KernelCall => ({
    kernel: 'spatialDropout',
    args: [
      to,
      from,
      scratch,
      ['batch'],
      blocksOf(shape),
      pixelsOf(shape),
      ...draws(node),
      dropoutScale(node.rate),
    ],
    split: 'samples',
  });
}

function draws({ ordinal, rate }: DropoutNode) {
  return [
    ['samples'],
    ['step'],
    streamWord(PURPOSE.dropout, ordinal),
    ['seedLow'],
    ['seedHigh'],
    dropoutThreshold(rate),
  ] as const;
}
