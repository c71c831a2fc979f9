import { mergeOrder } from '../../shared/numerics/merge-order.js';
import type { Range } from '../../shared/numerics/micro-batches.js';
import {
  areSiblings,
  childrenOf,
  isLeaf,
  rootOf,
  type TreeNode,
} from '../../shared/numerics/reduction-tree.js';

/**
 * Where the rows of a tree node lie when all threads have done their ranges (each in `mergeOrder`), and
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
  /** Where the sum over all of them is then. */
  readonly root: RowPlace;
}

/** Where every reduced row ends: the first micro-batch is always thread 0's, in its first slot. */
export const REDUCED: RowPlace = { thread: 0, slot: 0 };

/** Bounds of the threads' contiguous parts of a range of micro-batches: sizes differ by at most one. */
export function evenCuts({ first, end }: Range, threads: number): readonly number[] {
  const count = end - first;
  return Array.from({ length: threads + 1 }, (_, t) => first + Math.ceil((count * t) / threads));
}

/** What a thread does of a range with fewer micro-batches than there are threads. */
export interface TeamPlace {
  readonly microBatch: number;
  /** The thread whose row and activations the team works on: the first of its threads. */
  readonly leader: number;
  /** Place in the team, and its size. */
  readonly place: number;
  readonly size: number;
}

/**
 * The team of a thread: the threads are parted into as many teams of neighbours as there are
 * micro-batches, of sizes that differ by at most one. null where there are as many micro-batches as
 * threads. `cuts`: as `evenCuts` gives them.
 *
 * The leaders are the threads that `evenCuts` gives a micro-batch.
 */
export function teamOf(thread: number, cuts: readonly number[]): TeamPlace | null {
  const threads = cuts.length - 1;
  if (cuts[threads]! - cuts[0]! >= threads) return null;
  const leads = (t: number) => cuts[t]! < cuts[t + 1]!;
  let leader = thread;
  while (!leads(leader)) leader--;
  let end = thread + 1;
  while (end < threads && !leads(end)) end++;
  return { microBatch: cuts[leader]!, leader, place: thread - leader, size: end - leader };
}

/**
 * Row slots that every thread needs, where steps have these numbers of micro-batches; `parts`: where
 * the worker may be asked for any node of their trees, and not for whole steps alone.
 */
export function rowSlots(counts: readonly number[], threads: number, parts: boolean): number {
  const needs = counts.flatMap((count) =>
    (parts ? nodesOf(rootOf(count)) : [rootOf(count)]).flatMap((node) =>
      ranges(evenCuts(node, threads)).map((range) => mergeOrder(range, count).rows),
    ),
  );
  return Math.max(1, ...needs);
}

function nodesOf(node: TreeNode): TreeNode[] {
  return isLeaf(node) ? [node] : [node, ...childrenOf(node).flatMap(nodesOf)];
}

/**
 * For threads with the ranges [cuts[t], cuts[t + 1]), which together make up one node of the tree
 * over `count` micro-batches.
 */
export function rowReduction(cuts: readonly number[], count: number): RowReduction {
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
