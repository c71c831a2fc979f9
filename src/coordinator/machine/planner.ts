import type { Range } from '../../shared/numerics/micro-batches.js';
import { covering } from '../../shared/numerics/reduction-tree.js';

/**
 * Cuts `count` micro-batches into contiguous ranges, one for each worker in order of rank (some may
 * be empty), so that the slowest is done as early as possible. A worker takes `millis[w]` for each
 * micro-batch and `nodeMillis` for each tree node that its range leaves to send.
 *
 * By dynamic programming over (workers, micro-batches): O(W k²). Of equal plans the first is taken,
 * so everybody who asks gets the same.
 */
export function planCuts(
  count: number,
  millis: readonly number[],
  nodeMillis: number,
): readonly Range[] {
  const workers = millis.length;
  if (workers === 1) return [{ first: 0, end: count }];
  const nodes = nodeCounts(count);
  // best[e]: the slowest of the workers so far, when they have done [0, e).
  let best = Array.from({ length: count + 1 }, (_, end) => (end === 0 ? 0 : Infinity));
  const cuts: number[][] = [];
  for (const each of millis) {
    const next: number[] = [];
    const from: number[] = [];
    for (let end = 0; end <= count; end++) {
      let least = Infinity;
      let at = end;
      for (let first = end; first >= 0; first--) {
        const own = (end - first) * each;
        if (own > least) break;
        const before = best[first]!;
        const cost = Math.max(before, own + nodes(first, end) * nodeMillis);
        if (cost < least) {
          least = cost;
          at = first;
        }
      }
      next.push(least);
      from.push(at);
    }
    best = next;
    cuts.push(from);
  }
  const ranges: Range[] = [];
  let end = count;
  for (let worker = workers - 1; worker >= 0; worker--) {
    const first = cuts[worker]![end]!;
    ranges.unshift({ first, end });
    end = first;
  }
  return ranges;
}

/** How many nodes cover [first, end), remembered. */
function nodeCounts(count: number): (first: number, end: number) => number {
  const known = new Map<number, number>();
  return (first, end) => {
    const key = first * (count + 1) + end;
    let nodes = known.get(key);
    if (nodes === undefined) {
      nodes = covering({ first, end }, count).length;
      known.set(key, nodes);
    }
    return nodes;
  };
}

/**
 * Measured times as the planner takes them: in eighths of their mean, so that noise changes no
 * plan; the mean for workers that were not measured yet.
 */
export function steadyMillis(measured: readonly number[]): readonly number[] {
  const known = measured.filter((millis) => millis > 0);
  if (known.length === 0) return measured.map(() => 1);
  const mean = known.reduce((sum, millis) => sum + millis, 0) / known.length;
  return measured.map((millis) =>
    millis > 0 ? (Math.max(1, Math.round((millis / mean) * 8)) * mean) / 8 : mean,
  );
}
