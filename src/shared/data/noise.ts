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

/**
 * Replaces each value of the images, in place, with the chance `level` by a random one between the
 * least and the greatest that this attribute (the same pixel and channel) has over the set, each
 * whole number as likely.
 */
export function addAttributeNoise(
  { pixels, count, shape }: Pick<ImageSet, 'pixels' | 'count' | 'shape'>,
  samples: Uint32Array,
  level: number,
  seed: number,
): void {
  const bytes = pixelsOf(shape);
  const { least, greatest } = domainsOf(pixels, count, bytes);
  const [key0, key1] = seedKey(seed);
  const stream = streamWord(PURPOSE.attributeNoise, 0);
  const words = new Uint32Array(4);
  for (let i = 0; i < count; i++) {
    for (let at = 0; at < bytes; at++) {
      if (at % 2 === 0) philox4x32(at >>> 1, samples[i]!, 0, stream, key0, key1, words);
      const word = 2 * (at % 2);
      if (words[word]! >= level * RANGE) continue;
      const values = greatest[at]! - least[at]! + 1;
      pixels[i * bytes + at] = least[at]! + Math.floor((words[word + 1]! * values) / RANGE);
    }
  }
}

function domainsOf(
  pixels: Uint8Array,
  count: number,
  bytes: number,
): { least: Uint8Array; greatest: Uint8Array } {
  const least = new Uint8Array(bytes).fill(255);
  const greatest = new Uint8Array(bytes);
  for (let i = 0; i < count; i++) {
    for (let at = 0; at < bytes; at++) {
      const value = pixels[i * bytes + at]!;
      if (value < least[at]!) least[at] = value;
      if (value > greatest[at]!) greatest[at] = value;
    }
  }
  return { least, greatest };
}
