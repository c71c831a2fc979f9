import type { ImageSet } from '../shared/data/image-set.js';

/** Sides up to this are taken as they are; larger images are averaged down. */
const LARGEST_SIDE = 32;

export interface Matrix {
  /** [rows, columns]. */
  readonly values: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** Images of a set as rows of grey values from 0 to 1, of at most 32 × 32. */
export function greyRows(set: ImageSet, indices: readonly number[]): Matrix {
  const { height, width, channels } = set.shape;
  const stride = Math.max(1, Math.ceil(Math.max(height, width) / LARGEST_SIDE));
  const [down, across] = [Math.ceil(height / stride), Math.ceil(width / stride)];
  const columns = down * across;
  const values = new Float64Array(indices.length * columns);
  const share = 1 / (255 * channels * stride * stride);
  indices.forEach((index, row) => {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const to = row * columns + Math.floor(y / stride) * across + Math.floor(x / stride);
        const from = ((index * height + y) * width + x) * channels;
        for (let c = 0; c < channels; c++) values[to]! += set.pixels[from + c]! * share;
      }
    }
  });
  return { values, rows: indices.length, columns };
}
