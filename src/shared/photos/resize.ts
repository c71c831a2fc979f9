/**
 * Resizing that gives the same bytes on every machine: the algorithm of Pillow's `Image.resize`
 * with the filter BILINEAR (src/libImaging/Resample.c), a triangle that widens with the reduction,
 * so that every pixel of the source counts. Weights are whole numbers, in units of 2⁻²²; rows are
 * done first and rounded to bytes, then columns (where Pillow takes columns first, the two may differ
 * by one).
 */
import type { Raster } from './raster.js';

/** So many bits behind the point of a weight: 255 times the sum of weights stays below 2³¹. */
const PRECISION_BITS = 22;
/** Half a unit of the result: sums are rounded to the nearest. */
const HALF = 1 << (PRECISION_BITS - 1);

/** What one output value is a sum of. */
interface Kernel {
  /** First source position, and the number of weights, by output position. */
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** int32 [outputs, most] */
  readonly weights: Int32Array;
  readonly most: number;
}

/** `raster` at other sizes; the same bytes where they are its own. */
export function resized(raster: Raster, height: number, width: number): Raster {
  const wide = width === raster.width ? raster : rowsResized(raster, width);
  return height === raster.height ? wide : columnsResized(wide, height);
}

function rowsResized({ height, width, channels, pixels }: Raster, to: number): Raster {
  const { first, count, weights, most } = kernelOf(width, to);
  const out = new Uint8Array(height * to * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < to; x++) {
      const from = (y * width + first[x]!) * channels;
      for (let c = 0; c < channels; c++) {
        let sum = HALF;
        for (let k = 0; k < count[x]!; k++) {
          sum += pixels[from + k * channels + c]! * weights[x * most + k]!;
        }
        out[(y * to + x) * channels + c] = sum >> PRECISION_BITS;
      }
    }
  }
  return { height, width: to, channels, pixels: out };
}

function columnsResized({ height, width, channels, pixels }: Raster, to: number): Raster {
  const { first, count, weights, most } = kernelOf(height, to);
  const row = width * channels;
  const out = new Uint8Array(to * row);
  for (let y = 0; y < to; y++) {
    const from = first[y]! * row;
    for (let x = 0; x < row; x++) {
      let sum = HALF;
      for (let k = 0; k < count[y]!; k++)
        sum += pixels[from + k * row + x]! * weights[y * most + k]!;
      out[y * row + x] = sum >> PRECISION_BITS;
    }
  }
  return { height: to, width, channels, pixels: out };
}

function kernelOf(from: number, to: number): Kernel {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const narrowing = 1 / support;
  const most = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * most);
  for (let x = 0; x < to; x++) {
    const centre = (x + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const shares = Array.from({ length: end - start }, (_, k) =>
      Math.max(0, 1 - Math.abs((k + start - centre + 0.5) * narrowing)),
    );
    const sum = shares.reduce((a, b) => a + b, 0);
    first[x] = start;
    count[x] = shares.length;
    shares.forEach((share, k) => {
      weights[x * most + k] = Math.trunc(0.5 + (share / sum) * 2 * HALF);
    });
  }
  return { first, count, weights, most };
}
