import type { ImageShape } from '../data/image-set.js';
import type { Erasing } from './augmentation.js';
import { between, DRAW, unit, type Draws } from './draws.js';

export interface Rectangle {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** The paper tries until a rectangle fits; its authors' code, and this, at most so often. */
const ATTEMPTS = 100;

/**
 * The rectangle that a sample loses, or null (Zhong et al. 2020, Algorithm 1). Word 0 of the
 * stream `rectangle` says whether at all; attempt n = 1, 2 … takes block n: area, shape, place.
 */
export function drawRectangle(
  draws: Draws,
  { probability, minArea, maxArea, minAspect }: Erasing,
  image: ImageShape,
): Rectangle | null {
  if (probability === 0) return null;
  if (unit(draws.block(DRAW.rectangle, 0)[0]!) >= probability) return null;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const words = draws.block(DRAW.rectangle, attempt);
    const area = between(minArea, maxArea, words[0]!) * image.height * image.width;
    const aspect = between(minAspect, 1 / minAspect, words[1]!);
    const height = Math.max(1, Math.floor(Math.sqrt(area * aspect) + 0.5));
    const width = Math.max(1, Math.floor(Math.sqrt(area / aspect) + 0.5));
    if (height > image.height || width > image.width) continue;
    const top = Math.floor(unit(words[2]!) * (image.height - height + 1));
    const left = Math.floor(unit(words[3]!) * (image.width - width + 1));
    return { top, left, height, width };
  }
  return null;
}

/**
 * Fills it with random values: byte e of [height, width, channels], counted within the rectangle,
 * is bits 8·(e mod 4) … + 7 of word ⌊(e mod 16) / 4⌋ of block ⌊e / 16⌋ of the stream `filling`.
 */
export function erase(
  draws: Draws,
  pixels: Uint8Array,
  at: number,
  { width: imageWidth, channels }: ImageShape,
  { top, left, height, width }: Rectangle,
): void {
  let words = draws.block(DRAW.filling, 0);
  let e = 0;
  for (let y = top; y < top + height; y++) {
    let out = at + (y * imageWidth + left) * channels;
    for (let i = 0; i < width * channels; i++, e++) {
      if (e > 0 && (e & 15) === 0) words = draws.block(DRAW.filling, e >>> 4);
      pixels[out++] = words[(e & 15) >>> 2]! >>> (8 * (e & 3));
    }
  }
}
