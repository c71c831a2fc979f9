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
 * Four blocks of Philox, from counter `first` on: 16 words, which the next call may overwrite. The
 * other arguments are the rest of the counter, and the key.
 */
export type FourBlocks = (
  first: number,
  counter1: number,
  counter2: number,
  counter3: number,
  key0: number,
  key1: number,
) => Uint32Array<ArrayBufferLike>;

const fourBlocksInJavaScript: FourBlocks = (first, counter1, counter2, counter3, key0, key1) => {
  const words = new Uint32Array(16);
  for (let i = 0; i < 4; i++) {
    philox4x32(first + i, counter1, counter2, counter3, key0, key1, words, 4 * i);
  }
  return words;
};

/**
 * Writes the factors, 0 or the scale, of one sample's activations to `out`: float32
 * [pixels, channels], channels last. `sample`: the sample's index in the set. `fourBlocks`: what
 * draws faster than JavaScript.
 */
export function dropoutMask(
  out: Float32Array,
  pixels: number,
  channels: number,
  sample: number,
  { rate, spatial, ordinal, seed, step }: DropoutDraw,
  fourBlocks: FourBlocks = fourBlocksInJavaScript,
): void {
  const [key0, key1] = seedKey(seed);
  const stream = streamWord(PURPOSE.dropout, ordinal);
  const threshold = dropoutThreshold(rate);
  const scale = dropoutScale(rate);
  let words: Uint32Array<ArrayBufferLike> = new Uint32Array(0);
  let drawn = -1;
  /** Four factors, of elements e … e + 3 (e a multiple of 4), as far as there are channels. */
  const four = (e: number, at: number, lanes: number): void => {
    const group = e >>> 5; // of four blocks
    if (group !== drawn) words = fourBlocks(4 * group, sample, step, stream, key0, key1);
    drawn = group;
    const word = (e & 31) >>> 1;
    const [low, high] = [words[word]!, words[word + 1]!];
    out[at] = (low & 0xffff) < threshold ? 0 : scale;
    if (lanes > 1) out[at + 1] = low >>> 16 < threshold ? 0 : scale;
    if (lanes > 2) out[at + 2] = (high & 0xffff) < threshold ? 0 : scale;
    if (lanes > 3) out[at + 3] = high >>> 16 < threshold ? 0 : scale;
  };
  for (let c = 0; c < channels; c += 4) {
    const lanes = Math.min(4, channels - c);
    if (spatial) {
      four(c, c, lanes);
      for (let p = 1; p < pixels; p++) out.copyWithin(p * channels + c, c, c + lanes);
    } else {
      // Blocked order, four channels of every pixel after another: each block is drawn once.
      for (let p = 0; p < pixels; p++) four((c / 4) * pixels * 4 + p * 4, p * channels + c, lanes);
    }
  }
}
