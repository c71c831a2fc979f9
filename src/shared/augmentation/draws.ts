import { philox4x32 } from '../numerics/philox.js';
import { PURPOSE, seedKey, streamWord } from '../numerics/streams.js';

/** What a sample's draws are for: the ordinal of the stream; see `augmentation` of streams.ts. */
export const DRAW = { geometry: 0, rectangle: 1, filling: 2 } as const;

/** The random words of one sample in one epoch, whoever asks and in whatever order. */
export class Draws {
  readonly #key: readonly [number, number];
  readonly #words = new Uint32Array(4);
  #sample = 0;
  #epoch = 0;

  constructor(seed: number) {
    this.#key = seedKey(seed);
  }

  begin(sample: number, epoch: number): void {
    this.#sample = sample;
    this.#epoch = epoch;
  }

  /** uint32 [4], overwritten by the next draw. */
  block(ordinal: number, block: number): Uint32Array {
    const [key0, key1] = this.#key;
    const stream = streamWord(PURPOSE.augmentation, ordinal);
    philox4x32(block, this.#sample, this.#epoch, stream, key0, key1, this.#words);
    return this.#words;
  }
}

/** From a word, evenly: in [0, 1), exact. */
export const unit = (word: number): number => word / 4294967296;

/** In [low, high). */
export const between = (low: number, high: number, word: number): number =>
  low + (high - low) * unit(word);
