/**
 * Which samples of a training set are put aside to validate on: a pure function of labels, seed
 * and wish, so that every worker knows it without being told.
 */
import { PURPOSE } from '../numerics/streams.js';
import { countClasses } from './classes.js';
import { permutation } from './permutation.js';

export interface SplitWish {
  /** Below 1 a share of the set, from 1 a number of samples; 0: none. */
  readonly validation: number;
  /** `stratified`: every class gives its share; `plain`: whoever is drawn. */
  readonly validationSplit: 'plain' | 'stratified';
  readonly seed: number;
}

/** Indices into the set, each part in rising order; together every sample once. */
export interface Split {
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

/** How many of `count` samples a wish means: a share to the nearest sample, and one at least. */
export function validationCount(validation: number, count: number): number {
  if (validation === 0) return 0;
  return validation < 1 ? Math.max(1, Math.round(validation * count)) : validation;
}

/**
 * The samples are shuffled once, by the stream `split` of streams.ts, and taken from the front: the
 * first `validationCount`, or of each class as many as its quota. Quotas are rounded down, and what
 * is left over goes to the classes that lost most by that (largest remainder; the lower label of
 * equals), so that they add up.
 */
export function splitSamples(labels: Uint16Array, classes: number, wish: SplitWish): Split {
  const size = validationCount(wish.validation, labels.length);
  const order = permutation(wish.seed, PURPOSE.split, 0, labels.length);
  const quotas = wish.validationSplit === 'plain' ? null : quotasOf(labels, classes, size);
  const isTaken = new Uint8Array(labels.length);
  let left = size;
  for (let i = 0; left > 0; i++) {
    const sample = order[i]!;
    const label = labels[sample]!;
    if (quotas !== null) {
      if (quotas[label] === 0) continue;
      quotas[label]!--;
    }
    isTaken[sample] = 1;
    left--;
  }
  const all = Uint32Array.from(labels.keys());
  return {
    train: all.filter((sample) => isTaken[sample] === 0),
    validation: all.filter((sample) => isTaken[sample] === 1),
  };
}

/** [classes]: how many of each class, `size` in all. In whole numbers: exact. */
function quotasOf(labels: Uint16Array, classes: number, size: number): number[] {
  const counts = countClasses(labels, classes);
  const quotas = counts.map((count) => Math.floor((count * size) / labels.length));
  const remainders = counts.map((count) => (count * size) % labels.length);
  const byLoss = counts.map((_, label) => label);
  byLoss.sort((a, b) => remainders[b]! - remainders[a]! || a - b);
  const over = size - quotas.reduce((sum, quota) => sum + quota, 0);
  for (const label of byLoss.slice(0, over)) quotas[label]!++;
  return quotas;
}
