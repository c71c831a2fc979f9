/**
 * Cross-validation: the training set cut into K folds, each validated on once. A pure function of
 * labels, seed and wish, so that every worker knows it without being told.
 */
import { PURPOSE } from '../numerics/streams.js';
import { permutation } from './permutation.js';

export interface FoldWish {
  readonly folds: number;
  /** `stratified`: every class is dealt out evenly; `plain`: only the sizes are even. */
  readonly validationSplit: 'plain' | 'stratified';
  readonly seed: number;
}

/**
 * The fold of each sample, from 0: uint32 [samples]. The samples are shuffled once, by the stream
 * `split` of streams.ts, and dealt out in turn, as cards are; stratified, first those of class 0,
 * then those of class 1, and so on. So sizes differ by one at most, and stratified also the
 * samples of each class.
 */
export function foldsOf(labels: Uint16Array, classes: number, wish: FoldWish): Uint32Array {
  const order = permutation(wish.seed, PURPOSE.split, 0, labels.length);
  const folds = new Uint32Array(labels.length);
  let dealt = 0;
  const deal = (sample: number): void => {
    folds[sample] = dealt++ % wish.folds;
  };
  if (wish.validationSplit === 'plain') {
    order.forEach(deal);
    return folds;
  }
  for (let label = 0; label < classes; label++) {
    for (const sample of order) if (labels[sample] === label) deal(sample);
  }
  return folds;
}
