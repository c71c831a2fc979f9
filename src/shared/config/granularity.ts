import { microBatchCount } from '../numerics/micro-batches.js';
import { formatWholePercent } from '../format.js';

/**
 * What the size of the micro-batch costs or gains: it is the smallest piece of work that a thread
 * takes, so k ≥ T pieces on T threads keep them at most k / (T·⌈k/T⌉) busy. Fewer pieces are
 * computed by teams of ⌊T/k⌋ threads or one more, as fast as the smallest team: k·⌊T/k⌋ / T. An
 * engine that does not share micro-batches leaves all threads but k idle.
 */

/** ⌈B/4⌉, kept between 16 and 128, and never above B. Depends on nothing but the batch size. */
export function defaultMicroBatch(batchSize: number): number {
  const quarter = Math.ceil(batchSize / 4);
  return Math.min(batchSize, Math.max(16, Math.min(128, quarter)));
}

/** What granularity depends on: of a configuration, or of a report of one. */
export interface Work {
  readonly batchSize: number;
  readonly microBatch: number;
  readonly threads: number;
}

/**
 * The share of the threads' time, in (0, 1], that a step of this batch can use at best. `shares`:
 * whether the engine computes a micro-batch in a team of threads.
 */
export function granularityBound(
  { batchSize, microBatch, threads }: Work,
  shares: boolean,
): number {
  const pieces = microBatchCount(batchSize, microBatch);
  if (shares && pieces < threads) return (pieces * Math.floor(threads / pieces)) / threads;
  return pieces / (threads * Math.ceil(pieces / threads));
}

/**
 * A smaller micro-batch that lifts the bound: the best among the multiples of 16 (the kernels'
 * tiles like them, and smaller ones cost more than they gain), the largest of equals; or null.
 */
export function suggestMicroBatch(
  work: Work,
  shares: boolean,
): { readonly microBatch: number; readonly bound: number } | null {
  let best: { microBatch: number; bound: number } | null = null;
  let bestBound = granularityBound(work, shares);
  for (let size = Math.floor((work.microBatch - 1) / 16) * 16; size >= 16; size -= 16) {
    const bound = granularityBound({ ...work, microBatch: size }, shares);
    if (bound > bestBound) {
      best = { microBatch: size, bound };
      bestBound = bound;
    }
  }
  return best;
}

/** `4 micro-batches on 3 threads: at most 67 %; --micro-batch 16 gives 89 %` */
export function describeGranularity(run: Work, shares: boolean): string {
  const pieces = microBatchCount(run.batchSize, run.microBatch);
  const work = pieces === 1 ? '1 micro-batch' : `${String(pieces)} micro-batches`;
  const workers = run.threads === 1 ? '1 thread' : `${String(run.threads)} threads`;
  const better = suggestMicroBatch(run, shares);
  const advice =
    better === null
      ? ''
      : `; --micro-batch ${String(better.microBatch)} gives ${formatWholePercent(better.bound)}`;
  return `${work} on ${workers}: at most ${formatWholePercent(granularityBound(run, shares))}${advice}`;
}
