import { philox4x32 } from './philox.js';
import { PURPOSE, seedKey, streamWord } from './streams.js';

/** What is dropped, and how the rest is scaled; the counters are in streams.ts. */
export interface DropoutDraw {
  /** Share of elements dropped, in (0, 1). */
  readonly rate: number;
  /** Whole channels instead of single elements. */
  readonly spatial: boolean;
  /** 0 for the model's first dropout layer, and so on. */
  readonly ordinal: number;
  readonly seed: number;
  readonly step: number;
}

/** An element is dropped when its 16 random bits are below this; an integer in [0, 65535]. */
export function dropoutThreshold(rate: number): number {
  return Math.min(Math.round(rate * 65536), 65535);
}

/** float32: one over the share of elements that the threshold keeps. */
export function dropoutScale(rate: number): number {
  return Math.fround(65536 / (65536 - dropoutThreshold(rate)));
}

/**
 * Writes the factors, 0 or the scale, of one sample's activations to `out`: float32
 * [pixels, channels], channels last. `sample`: the sample's index in the set.
 */
export function dropoutMask(
  out: Float32Array,
  pixels: number,
  channels: number,
  sample: number,
  { rate, spatial, ordinal, seed, step }: DropoutDraw,
): void {
  const [key0, key1] = seedKey(seed);
  const stream = streamWord(PURPOSE.dropout, ordinal);
  const threshold = dropoutThreshold(rate);
  const scale = dropoutScale(rate);
  const words = new Uint32Array(4);
  let drawn = -1;
  const factor = (element: number): number => {
    const block = element >>> 3;
    if (block !== drawn) philox4x32(block, sample, step, stream, key0, key1, words);
    drawn = block;
    const bits = (words[(element & 7) >>> 1]! >>> (16 * (element & 1))) & 0xffff;
    return bits < threshold ? 0 : scale;
  };
  // Blocked order, four channels of every pixel after another, so that each block is drawn once.
  for (let first = 0; first < channels; first += 4) {
    for (let p = 0; p < pixels; p++) {
      for (let c = first; c < Math.min(first + 4, channels); c++) {
        out[p * channels + c] = factor(
          spatial ? c : (first / 4) * pixels * 4 + p * 4 + (c - first),
        );
      }
    }
  }
}
