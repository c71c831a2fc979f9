import type { Range } from '../../shared/numerics/micro-batches.js';
import { covering } from '../../shared/numerics/reduction-tree.js';

/**
 * Cuts `count` micro-batches into contiguous ranges, one for each worker in order of rank (some may
 * be empty), so that the slowest is done as early as possible. A worker takes `millis[w]` for each
 * micro-batch and `nodeMillis` for each tree node that its range leaves to send.
 *
 * By dynamic programming over (workers, micro-batches): O(W k²). Where there are very many
 * micro-batches, cuts lie at multiples of a power of two, so that k stays small. Of equal plans the
 * first is taken, so everybody who asks gets the same; the last plans are remembered.
 */
export function planCuts(
  count: number,
  millis: readonly number[],
  nodeMillis: number,
): readonly Range[] {
  if (millis.length === 1) return [{ first: 0, end: count }];
  const key = [count, nodeMillis, ...millis].join(' ');
  const known = plans.get(key);
  if (known !== undefined) return known;
  const plan = makePlan(count, millis, nodeMillis);
  plans.set(key, plan);
  if (plans.size > MOST_PLANS) plans.delete(plans.keys().next().value!);
  return plan;
}

const plans = new Map<string, readonly Range[]>();
const MOST_PLANS = 16;
/** Places for cuts, and of those for each worker: more would cost more than they win. */
const MOST_PLACES = 128;
const PLACES_A_WORKER = 4;

function makePlan(count: number, millis: readonly number[], nodeMillis: number): readonly Range[] {
  const workers = millis.length;
  let unit = 1;
  while (count / unit > Math.max(MOST_PLACES, PLACES_A_WORKER * workers)) unit *= 2;
  const places = Math.ceil(count / unit);
  const at = (place: number): number => Math.min(count, place * unit);
  const nodes = nodeCounts(count, at);
  // best[e]: the slowest of the workers so far, when they have done the places before e.
  let best = Array.from({ length: places + 1 }, (_, end) => (end === 0 ? 0 : Infinity));
  const cuts: number[][] = [];
  for (const each of millis) {
    const next: number[] = [];
    const from: number[] = [];
    for (let end = 0; end <= places; end++) {
      let least = Infinity;
      let start = end;
      for (let first = end; first >= 0; first--) {
        const own = (at(end) - at(first)) * each;
        if (own > least) break;
        const sent = nodeMillis === 0 ? 0 : nodes(first, end) * nodeMillis;
        const cost = Math.max(best[first]!, own + sent);
        if (cost < least) {
          least = cost;
          start = first;
        }
      }
      next.push(least);
      from.push(start);
    }
    best = next;
    cuts.push(from);
  }
  const ranges: Range[] = [];
  let end = places;
  for (let worker = workers - 1; worker >= 0; worker--) {
    const first = cuts[worker]![end]!;
    ranges.unshift({ first: at(first), end: at(end) });
    end = first;
  }
  return ranges;
}

/** How many nodes cover what lies between two places, remembered. */
function nodeCounts(
  count: number,
  at: (place: number) => number,
): (first: number, end: number) => number {
  const known = new Map<number, number>();
  return (first, end) => {
    const key = first * (count + 1) + end;
    let nodes = known.get(key);
    if (nodes === undefined) {
      nodes = covering({ first: at(first), end: at(end) }, count).length;
      known.set(key, nodes);
    }
    return nodes;
  };
}

/**
 * Measured times as the planner takes them: in eighths of their mean, itself of two digits, so that
 * noise changes no plan; the mean for workers that were not measured yet.
 */
export function steadyMillis(measured: readonly number[]): readonly number[] {
  const known = measured.filter((millis) => millis > 0);
  if (known.length === 0) return measured.map(() => 1);
  const sum = known.reduce((total, millis) => total + millis, 0);
  const mean = Number((sum / known.length).toPrecision(2));
  return measured.map((millis) =>
    millis > 0 ? (Math.max(1, Math.round((millis / mean) * 8)) * mean) / 8 : mean,
  );
}
