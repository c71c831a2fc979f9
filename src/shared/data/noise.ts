/**
 * Noise in training data, after Zhu & Wu, "Class Noise vs. Attribute Noise: A Quantitative Study of
 * Their Impacts" (Artificial Intelligence Review 22, 2004). Whether a sample is hit depends on the
 * seed and its index in the whole training set alone: not on the split, nor on who asks.
 */
import { philox4x32 } from '../numerics/philox.js';
import { PURPOSE, seedKey, streamWord } from '../numerics/streams.js';
import type { ImageSet } from './image-set.js';
import { pixelsOf } from './image-shape.js';

export interface ClassNoise {
  /** Chance of a sample to be mislabelled, in [0, 1]. */
  readonly level: number;
  /**
   * The paper's pairwise scheme: a sample of one class of a pair is taken for the other with that
   * chance, and classes in no pair keep their labels. null: any other class, each as likely.
   */
  readonly pairs: readonly (readonly [number, number])[] | null;
}

/** 2³²: words below `level · RANGE` hit, so that level 1 hits always and 0 never. */
const RANGE = 4294967296;

/**
 * Puts noise into labels, in place. `samples[i]`: the index in the whole training set of the sample
 * that `labels[i]` is of.
 */
export function addClassNoise(
  labels: Uint16Array,
  samples: Uint32Array,
  classes: number,
  { level, pairs }: ClassNoise,
  seed: number,
): void {
  const partners = pairs === null ? null : partnersOf(pairs, classes);
  const [key0, key1] = seedKey(seed);
  const stream = streamWord(PURPOSE.classNoise, 0);
  const words = new Uint32Array(4);
  labels.forEach((label, i) => {
    philox4x32(0, samples[i]!, 0, stream, key0, key1, words);
    if (words[0]! >= level * RANGE) return;
    // Drawn among the others: those from the label on are one further.
    const drawn = Math.floor((words[1]! * (classes - 1)) / RANGE);
    labels[i] = partners === null ? (drawn < label ? drawn : drawn + 1) : partners[label]!;
  });
}

/** [classes]: what each class is taken for; itself where it is in no pair. */
function partnersOf(pairs: NonNullable<ClassNoise['pairs']>, classes: number): number[] {
  const partners = Array.from({ length: classes }, (_, label) => label);
  for (const [a, b] of pairs) [partners[a], partners[b]] = [b, a];
  return partners;
}

/** Between which values an attribute (a pixel's channel) lies over a set: uint8 [height, width, channels]. */
export interface NoiseDomains {
  readonly least: Uint8Array;
  readonly greatest: Uint8Array;
}

/** Of a set whose images come in blocks of whole ones, each of `bytes` bytes. */
export function noiseDomains(blocks: Iterable<Uint8Array>, bytes: number): NoiseDomains {
  const least = new Uint8Array(new SharedArrayBuffer(bytes)).fill(255);
  const greatest = new Uint8Array(new SharedArrayBuffer(bytes));
  for (const block of blocks) {
    for (let from = 0; from < block.length; from += bytes) {
      for (let at = 0; at < bytes; at++) {
        const value = block[from + at]!;
        if (value < least[at]!) least[at] = value;
        if (value > greatest[at]!) greatest[at] = value;
      }
    }
  }
  return { least, greatest };
}

/**
 * Replaces each value of images with the chance `level` by a random one between the least and the
 * greatest that this attribute has over the set, each whole number as likely.
 */
export class AttributeNoise {
  readonly #domains: NoiseDomains;
  readonly #level: number;
  readonly #keys: readonly [number, number];
  readonly #words = new Uint32Array(4);

  constructor(domains: NoiseDomains, level: number, seed: number) {
    this.#domains = domains;
    this.#level = level;
    this.#keys = seedKey(seed);
  }

  /** In place, to the image at byte `from`; `sample`: its index in the whole training set. */
  add(pixels: Uint8Array, from: number, sample: number): void {
    const { least, greatest } = this.#domains;
    const words = this.#words;
    const [key0, key1] = this.#keys;
    const stream = streamWord(PURPOSE.attributeNoise, 0);
    for (let at = 0; at < least.length; at++) {
      if (at % 2 === 0) philox4x32(at >>> 1, sample, 0, stream, key0, key1, words);
      const word = 2 * (at % 2);
      if (words[word]! >= this.#level * RANGE) continue;
      const values = greatest[at]! - least[at]! + 1;
      pixels[from + at] = least[at]! + Math.floor((words[word + 1]! * values) / RANGE);
    }
  }
}

/** Such noise in all images of a set, in place. `samples`: as for `addClassNoise`. */
export function addAttributeNoise(
  { pixels, count, shape }: Pick<ImageSet, 'pixels' | 'count' | 'shape'>,
  samples: Uint32Array,
  level: number,
  seed: number,
): void {
  const bytes = pixelsOf(shape);
  const noise = new AttributeNoise(noiseDomains([pixels], bytes), level, seed);
  for (let i = 0; i < count; i++) noise.add(pixels, i * bytes, samples[i]!);
}
