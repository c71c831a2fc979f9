import { exp32, log32 } from '../shared/numerics/exact-math.js';
import type { Neighbours } from './neighbours.js';

/** A symmetric sparse matrix that sums to 1: row i has entries `starts[i]` … `starts[i + 1] − 1`. */
export interface Affinities {
  readonly starts: Int32Array;
  readonly indices: Int32Array;
  readonly values: Float64Array;
}

const SEARCH_STEPS = 60;

/**
 * p(j | i) over the neighbours of i: Gaussian, of the width at which the perplexity is as asked
 * (van der Maaten and Hinton, "Visualizing data using t-SNE", JMLR 2008, equation 1).
 */
export function conditional(distances: Float64Array, perplexity: number): Float64Array {
  const target = log32(perplexity);
  const nearest = distances[0]!;
  const p = new Float64Array(distances.length);
  let [low, beta, high] = [0, 1, Infinity];
  for (let step = 0; step < SEARCH_STEPS; step++) {
    let sum = 0;
    let moment = 0;
    distances.forEach((distance, k) => {
      p[k] = exp32(-beta * (distance - nearest));
      sum += p[k]!;
      moment += p[k]! * (distance - nearest);
    });
    const entropy = log32(sum) + (beta * moment) / sum;
    p.forEach((value, k) => (p[k] = value / sum));
    if (Math.abs(entropy - target) < 1e-5) break;
    if (entropy > target) low = beta;
    else high = beta;
    beta = high === Infinity ? beta * 2 : (low + high) / 2;
  }
  return p;
}

/** p(i, j) = (p(j | i) + p(i | j)) / 2n. */
export function affinitiesOf(
  { indices, distances, each }: Neighbours,
  perplexity: number,
): Affinities {
  const rows = indices.length / each;
  const maps = Array.from({ length: rows }, () => new Map<number, number>());
  for (let i = 0; i < rows; i++) {
    const p = conditional(distances.subarray(i * each, (i + 1) * each), perplexity);
    p.forEach((value, k) => {
      const j = indices[i * each + k]!;
      maps[i]!.set(j, (maps[i]!.get(j) ?? 0) + value / (2 * rows));
      maps[j]!.set(i, (maps[j]!.get(i) ?? 0) + value / (2 * rows));
    });
  }
  const starts = new Int32Array(rows + 1);
  maps.forEach((map, i) => (starts[i + 1] = starts[i]! + map.size));
  const all = maps.flatMap((map) => [...map].sort(([a], [b]) => a - b));
  return {
    starts,
    indices: Int32Array.from(all, ([j]) => j),
    values: Float64Array.from(all, ([, value]) => value),
  };
}
