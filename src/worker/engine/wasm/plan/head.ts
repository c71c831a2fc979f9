import type { BufferRef, KernelCall, TensorRef } from './lowering.js';
import type { Operand } from './plan.js';

/** The calls at both ends of a plan, which belong to no layer. */

/** Staged bytes to float32 in [0, 1]. */
export function decode(image: TensorRef): KernelCall {
  const { height, width, channels } = image.shape;
  return {
    kernel: 'decodePixels',
    args: [image, ['pixels'], ['batch'], channels, height * width],
    split: 'samples',
  };
}

/** Where a loss leaves the sum over samples, float32, and the correct count, int32. */
export interface LossResults {
  readonly loss: Operand;
  readonly correct: Operand;
}

/** Softmax cross entropy with smoothed labels, summed over the batch, and its gradient. */
export function trainingLoss(
  logits: TensorRef,
  gradient: TensorRef,
  { loss, correct }: LossResults,
  labelSmoothing: number,
): KernelCall {
  return {
    kernel: 'softmaxCrossEntropy',
    args: [
      ...[gradient, logits, ['labels'] as const, ['batch'] as const, logits.shape.channels],
      ...[loss, correct, ['add'] as const, labelSmoothing],
    ],
    split: 'alone',
  };
}

export function evaluationLoss(logits: TensorRef, { loss, correct }: LossResults): KernelCall {
  return {
    kernel: 'crossEntropyOnly',
    args: [logits, ['labels'], ['batch'], logits.shape.channels, loss, correct],
    split: 'alone',
  };
}

/** Softmax without the padding of the last block: float32 [batch][classes]. */
export function probabilities(logits: TensorRef, out: BufferRef): KernelCall {
  return {
    kernel: 'softmaxRows',
    args: [out, logits, ['batch'], logits.shape.channels],
    split: 'alone',
  };
}

export function addInto(sum: TensorRef, addend: TensorRef): KernelCall {
  const { height, width, channels } = sum.shape;
  const vectors = Math.ceil(channels / 4) * height * width;
  return { kernel: 'addInto', args: [sum, addend, ['batch'], vectors], split: 'samples' };
}
