import type { ImageSet } from '../shared/data/image-set.js';
import { pixelsOf } from '../shared/data/image-shape.js';

export interface ValueStatistics {
  readonly images: number;
  /** From 0 to 1. */
  readonly mean: number;
  readonly deviation: number;
  readonly black: number;
  readonly white: number;
}

/** Of all values of the images at `indices`; exact sums of integers. */
export function valueStatistics(set: ImageSet, indices: readonly number[]): ValueStatistics {
  const bytes = pixelsOf(set.shape);
  let [sum, squares, black, white] = [0, 0, 0, 0];
  for (const index of indices) {
    for (let i = index * bytes; i < (index + 1) * bytes; i++) {
      const value = set.pixels[i]!;
      sum += value;
      squares += value * value;
      if (value === 0) black += 1;
      if (value === 255) white += 1;
    }
  }
  const count = Math.max(1, indices.length * bytes);
  const mean = sum / count;
  const deviation = Math.sqrt(Math.max(0, squares / count - mean * mean));
  return {
    images: indices.length,
    mean: mean / 255,
    deviation: deviation / 255,
    black: black / count,
    white: white / count,
  };
}

/** uint8 [height, width, channels]: rounded means; black where there is no image. */
export function meanImage(set: ImageSet, indices: readonly number[]): Uint8Array {
  const bytes = pixelsOf(set.shape);
  const sums = new Float64Array(bytes);
  for (const index of indices) {
    for (let i = 0; i < bytes; i++) sums[i]! += set.pixels[index * bytes + i]!;
  }
  return Uint8Array.from(sums, (sum) => Math.round(sum / Math.max(1, indices.length)));
}
