import type { Range } from './micro-batches.js';
import { areSiblings, type TreeNode } from './reduction-tree.js';

/**
 * How one thread works through a range of micro-batches with few rows: like a binary counter. Its
 * rows are a stack; when a micro-batch is done, finished siblings at the top are added at once.
 * From leaf 0 on that takes at most ⌈log₂ k⌉ + 1 rows; a range that starts at an odd place leaves
 * nodes without their left sibling lying, and takes up to twice as many.
 */
export interface MergeStep {
  /** Compute this micro-batch … */
  readonly microBatch: number;
  /** … into this row of the thread; then … */
  readonly row: number;
  /** … this often add row r to row r − 1, for r = row, row − 1, … */
  readonly merges: number;
}

export interface MergeOrder {
  readonly steps: readonly MergeStep[];
  /** Rows that the thread needs: 0 … rows − 1. */
  readonly rows: number;
  /** What lies in row 0, 1, … at the end: `covering(range, count)`. */
  readonly results: readonly TreeNode[];
}

export function mergeOrder(range: Range, count: number): MergeOrder {
  const stack: TreeNode[] = [];
  const steps: MergeStep[] = [];
  let rows = 0;
  for (let microBatch = range.first; microBatch < range.end; microBatch++) {
    const row = stack.length;
    stack.push({ first: microBatch, end: microBatch + 1 });
    rows = Math.max(rows, stack.length);
    let merges = 0;
    for (;;) {
      const right = stack[stack.length - 1];
      const left = stack[stack.length - 2];
      if (left === undefined || right === undefined || !areSiblings(left, right, count)) break;
      stack.length -= 2;
      stack.push({ first: left.first, end: right.end });
      merges++;
    }
    steps.push({ microBatch, row, merges });
  }
  return { steps, rows, results: stack };
}
