import { mergeOrder } from '../../shared/numerics/merge-order.js';
import { areSiblings, type TreeNode } from '../../shared/numerics/reduction-tree.js';

/**
 * Where the rows of a step lie when all threads have done their ranges (each in `mergeOrder`), and
 * which are added then. An addition is always of two siblings of the reduction tree, the right one
 * into the left one: the tree fixes the bits, not the number of threads. Pure, so that every
 * thread works it out for itself.
 */
export interface RowPlace {
  readonly thread: number;
  /** Row slot of that thread. */
  readonly slot: number;
}

export interface RowReduction {
  readonly additions: readonly { readonly into: RowPlace; readonly from: RowPlace }[];
  /** Where the sum over all micro-batches is then. */
  readonly root: RowPlace;
}

/** Bounds of the threads' contiguous ranges of `count` micro-batches: sizes differ by at most one. */
export function evenCuts(count: number, threads: number): readonly number[] {
  return Array.from({ length: threads + 1 }, (_, t) => Math.ceil((count * t) / threads));
}

/** What a thread does of a step with fewer micro-batches than there are threads. */
export interface TeamPlace {
  readonly microBatch: number;
  /** The thread whose row and activations the team works on: the first of its threads. */
  readonly leader: number;
  /** Place in the team, and its size. */
  readonly place: number;
  readonly size: number;
}

/**
 * The team of a thread: the `threads` are parted into `count` teams of neighbours, whose sizes differ
 * by at most one. null where there are as many micro-batches as threads.
 *
 * The leaders are the threads that `evenCuts` gives a micro-batch.
 */
export function teamOf(thread: number, threads: number, count: number): TeamPlace | null {
  if (count >= threads) return null;
  const cuts = evenCuts(count, threads);
  const leads = (t: number) => cuts[t]! < cuts[t + 1]!;
  let leader = thread;
  while (!leads(leader)) leader--;
  let end = thread + 1;
  while (end < threads && !leads(end)) end++;
  return { microBatch: cuts[leader]!, leader, place: thread - leader, size: end - leader };
}

/** Row slots that every thread needs, where steps have these numbers of micro-batches. */
export function rowSlots(counts: readonly number[], threads: number): number {
  const needs = counts.flatMap((count) =>
    ranges(evenCuts(count, threads)).map((range) => mergeOrder(range, count).rows),
  );
  return Math.max(1, ...needs);
}

/** For threads with the ranges [cuts[t], cuts[t + 1]) of cuts.at(-1) > 0 micro-batches. */
export function rowReduction(cuts: readonly number[]): RowReduction {
  const count = cuts.at(-1)!;
  const held: { node: TreeNode; place: RowPlace }[] = [];
  const additions: { into: RowPlace; from: RowPlace }[] = [];
  for (const [thread, range] of ranges(cuts).entries()) {
    for (const [slot, node] of mergeOrder(range, count).results.entries()) {
      held.push({ node, place: { thread, slot } });
      for (;;) {
        const right = held.at(-1)!;
        const left = held.at(-2);
        if (left === undefined || !areSiblings(left.node, right.node, count)) break;
        additions.push({ into: left.place, from: right.place });
        const sum = { first: left.node.first, end: right.node.end };
        held.splice(-2, 2, { node: sum, place: left.place });
      }
    }
  }
  return { additions, root: held[0]!.place };
}

function ranges(cuts: readonly number[]): { first: number; end: number }[] {
  return cuts.slice(1).map((end, i) => ({ first: cuts[i]!, end }));
}
