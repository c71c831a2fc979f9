import { dropoutMask, type FourBlocks } from '../../shared/numerics/dropout-mask.js';
import type { MicroBatch } from './engine.js';
import type { DropSite } from './forward.js';

/** Writes the factors of a site for all samples of a micro-batch: float32 [size, ...site.shape]. */
export function drawMasks(
  out: Float32Array,
  { rate, spatial, ordinal, shape }: DropSite,
  { step, samples, size }: MicroBatch,
  seed: number,
  fourBlocks?: FourBlocks,
): void {
  const channels = shape.at(-1)!;
  const length = siteLength(shape);
  for (let i = 0; i < size; i++) {
    const own = out.subarray(i * length, (i + 1) * length);
    const draw = { rate, spatial, ordinal, seed, step };
    dropoutMask(own, length / channels, channels, samples[i]!, draw, fourBlocks);
  }
}

/** Elements of one sample. */
export function siteLength(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
