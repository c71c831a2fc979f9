import type { ImageShape } from '../data/image-set.js';
import type { Geometry, SourceMap } from './geometry.js';

/**
 * Both read one image of `from`, uint8 [height, width, channels] at `at`, and write one to `to`.
 * What comes from outside of the image is 0, black.
 */

/** Mirrored, and moved by whole pixels: each pixel is another one. */
export function move(
  from: Uint8Array,
  at: number,
  to: Uint8Array,
  toAt: number,
  { height, width, channels }: ImageShape,
  { mirrored, right, down }: Pick<Geometry, 'mirrored' | 'right' | 'down'>,
): void {
  for (let y = 0, out = toAt; y < height; y++) {
    const sourceY = y - down;
    const isRow = sourceY >= 0 && sourceY < height;
    for (let x = 0; x < width; x++) {
      const unmirrored = x - right;
      const sourceX = mirrored ? width - 1 - unmirrored : unmirrored;
      const isInside = isRow && sourceX >= 0 && sourceX < width;
      const source = at + (sourceY * width + sourceX) * channels;
      for (let c = 0; c < channels; c++) to[out++] = isInside ? from[source + c]! : 0;
    }
  }
}

/** Bilinear between the four pixels around each source, to the nearest whole value. */
export function warp(
  from: Uint8Array,
  at: number,
  to: Uint8Array,
  toAt: number,
  { height, width, channels }: ImageShape,
  { xx, xy, x0, yx, yy, y0 }: SourceMap,
): void {
  const row = width * channels;
  for (let y = 0, out = toAt; y < height; y++) {
    const rowX = xy * y + x0;
    const rowY = yy * y + y0;
    for (let x = 0; x < width; x++) {
      const sourceX = xx * x + rowX;
      const sourceY = yx * x + rowY;
      const left = Math.floor(sourceX) | 0;
      const top = Math.floor(sourceY) | 0;
      if (left < -1 || left >= width || top < -1 || top >= height) {
        for (let c = 0; c < channels; c++) to[out++] = 0;
        continue;
      }
      const toRight = sourceX - left;
      const toBottom = sourceY - top;
      const isInside = left >= 0 && left < width - 1 && top >= 0 && top < height - 1;
      let source = at + top * row + left * channels;
      for (let c = 0; c < channels; c++, source++) {
        let a = 0;
        let b = 0;
        let d = 0;
        let e = 0;
        if (isInside || (top >= 0 && left >= 0)) a = from[source]!;
        if (isInside || (top >= 0 && left < width - 1)) b = from[source + channels]!;
        if (isInside || (top < height - 1 && left >= 0)) d = from[source + row]!;
        if (isInside || (top < height - 1 && left < width - 1)) e = from[source + row + channels]!;
        const upper = a + (b - a) * toRight;
        const lower = d + (e - d) * toRight;
        to[out++] = Math.floor(upper + (lower - upper) * toBottom + 0.5) | 0;
      }
    }
  }
}
