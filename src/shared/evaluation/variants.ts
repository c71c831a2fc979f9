/**
 * The test images, a little different: does a model know the objects, or these pictures of them?
 * Each variant is a function of an image and its index alone, the same on every machine.
 */
import type { ImageShape } from '../data/image-set.js';
import { inverseNormal } from '../numerics/inverse-normal.js';
import { philox4x32 } from '../numerics/philox.js';
import { PURPOSE, streamWord } from '../numerics/streams.js';
import { resampled } from './resample.js';

export interface ImageVariant {
  readonly name: string;
  /** For people: what is done to an image. */
  readonly change: string;
  /** `image`: uint8 [height, width, channels]; `index`: its place in the set. Returns a new one. */
  readonly apply: (image: Uint8Array, shape: ImageShape, index: number) => Uint8Array;
}

/** Pixels up to here, joined with the border by such pixels, are background. */
const DARK = 15;
const SMALLER = 0.75;
const LARGER = 1.25;
/** Of the side: the furthest that an image is shifted. */
const FURTHEST = 1 / 7;
/** Standard deviation of the noise, in grey levels: a tenth of their range. */
const NOISE = 25.5;

export const IMAGE_VARIANTS: readonly ImageVariant[] = [
  {
    name: 'white background',
    change: 'what is dark and joined with the border becomes white',
    apply: whiteBackground,
  },
  { name: 'inverted', change: 'white for black', apply: (image) => image.map((v) => 255 - v) },
  {
    name: 'smaller',
    change: 'shrunk to 75 % about the centre',
    apply: (image, shape) => resampled(image, shape, SMALLER, 0, 0),
  },
  {
    name: 'larger',
    change: 'grown to 125 % about the centre, what passes the border is lost',
    apply: (image, shape) => resampled(image, shape, LARGER, 0, 0),
  },
  {
    name: 'shifted',
    change: 'by up to a seventh of the side, each image its own way',
    apply: shift,
  },
  { name: 'noisy', change: 'normal noise of 10 % of the range on every value', apply: noise },
];

function whiteBackground(image: Uint8Array, { height, width, channels }: ImageShape): Uint8Array {
  const out = image.slice();
  const seen = new Uint8Array(height * width);
  const open: number[] = [];
  const visit = (y: number, x: number): void => {
    if (y < 0 || x < 0 || y >= height || x >= width) return;
    const pixel = y * width + x;
    if (seen[pixel] === 1) return;
    seen[pixel] = 1;
    for (let c = 0; c < channels; c++) if (image[pixel * channels + c]! > DARK) return;
    out.fill(255, pixel * channels, (pixel + 1) * channels);
    open.push(pixel);
  };
  for (let x = 0; x < width; x++) [0, height - 1].forEach((y) => visit(y, x));
  for (let y = 0; y < height; y++) [0, width - 1].forEach((x) => visit(y, x));
  for (let pixel = open.pop(); pixel !== undefined; pixel = open.pop()) {
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    visit(y - 1, x);
    visit(y + 1, x);
    visit(y, x - 1);
    visit(y, x + 1);
  }
  return out;
}

function shift(image: Uint8Array, shape: ImageShape, index: number): Uint8Array {
  const words = draw(0, index, 0);
  const reach = (side: number, word: number): number => {
    const most = Math.max(1, Math.floor(side * FURTHEST));
    return (word % (2 * most + 1)) - most;
  };
  return resampled(image, shape, 1, reach(shape.height, words[0]!), reach(shape.width, words[1]!));
}

function noise(image: Uint8Array, _shape: ImageShape, index: number): Uint8Array {
  const out = new Uint8Array(image.length);
  for (let i = 0; i < image.length; i += 4) {
    const words = draw(i / 4, index, 1);
    for (let k = 0; k < 4 && i + k < image.length; k++) {
      const moved = image[i + k]! + NOISE * inverseNormal((words[k]! + 0.5) / 4294967296);
      out[i + k] = Math.max(0, Math.min(255, Math.round(moved)));
    }
  }
  return out;
}

function draw(block: number, sample: number, ordinal: number): Uint32Array {
  const words = new Uint32Array(4);
  philox4x32(block, sample, 0, streamWord(PURPOSE.variants, ordinal), 0, 0, words);
  return words;
}
