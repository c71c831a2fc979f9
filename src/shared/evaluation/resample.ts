import type { ImageShape } from '../data/image-set.js';

/**
 * An image scaled by `scale` about its centre and then moved by whole pixels, bilinearly; what
 * comes in from outside is 0. uint8 [height, width, channels], in and out.
 */
export function resampled(
  image: Uint8Array,
  { height, width, channels }: ImageShape,
  scale: number,
  down: number,
  right: number,
): Uint8Array {
  const out = new Uint8Array(image.length);
  const at = (y: number, x: number, c: number): number =>
    y < 0 || x < 0 || y >= height || x >= width ? 0 : image[(y * width + x) * channels + c]!;
  for (let y = 0; y < height; y++) {
    const fromY = (y - down - (height - 1) / 2) / scale + (height - 1) / 2;
    const top = Math.floor(fromY);
    const low = fromY - top;
    for (let x = 0; x < width; x++) {
      const fromX = (x - right - (width - 1) / 2) / scale + (width - 1) / 2;
      const left = Math.floor(fromX);
      const far = fromX - left;
      for (let c = 0; c < channels; c++) {
        const upper = at(top, left, c) * (1 - far) + at(top, left + 1, c) * far;
        const lower = at(top + 1, left, c) * (1 - far) + at(top + 1, left + 1, c) * far;
        out[(y * width + x) * channels + c] = Math.round(upper * (1 - low) + lower * low);
      }
    }
  }
  return out;
}
