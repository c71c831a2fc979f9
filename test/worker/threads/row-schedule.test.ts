import t from 'tap';
import {
  evenCuts,
  REDUCED,
  rowReduction,
  rowSlots,
  teamOf,
} from '#src/worker/threads/row-schedule.js';
import { mergeOrder } from '#src/shared/numerics/merge-order.js';
import {
  covering,
  nodeKey,
  rootOf,
  sameNode,
  type TreeNode,
} from '#src/shared/numerics/reduction-tree.js';

/** The tree written down plainly: the left child takes the largest power of two below the size. */
function treeSum(leaves: readonly number[]): number {
  if (leaves.length === 1) return leaves[0]!;
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return Math.fround(treeSum(leaves.slice(0, half)) + treeSum(leaves.slice(half)));
}

/** Does with numbers what the threads do with rows, for one node of the tree. */
function threadedSum(
  leaves: readonly number[],
  threads: number,
  node: TreeNode = rootOf(leaves.length),
): number {
  const cuts = evenCuts(node, threads);
  const slots = rowSlots([leaves.length], threads, !sameNode(node, rootOf(leaves.length)));
  const rows = Array.from({ length: threads }, () => new Array<number>(slots).fill(NaN));
  for (let thread = 0; thread < threads; thread++) {
    const range = { first: cuts[thread]!, end: cuts[thread + 1]! };
    const mine = rows[thread]!;
    for (const { microBatch, row, merges } of mergeOrder(range, leaves.length).steps) {
      if (row >= slots) return NaN;
      mine[row] = leaves[microBatch]!;
      for (let from = row; from > row - merges; from--) {
        mine[from - 1] = Math.fround(mine[from - 1]! + mine[from]!);
      }
    }
  }
  const { additions, root } = rowReduction(cuts, leaves.length);
  for (const { into, from } of additions) {
    const sum = rows[into.thread]![into.slot]! + rows[from.thread]![from.slot]!;
    rows[into.thread]![into.slot] = Math.fround(sum);
  }
  return root.thread === REDUCED.thread ? rows[root.thread]![root.slot]! : NaN;
}

function leavesOf(count: number): number[] {
  const magnitudes = [1e8, 1, -1e8, 3e-3, 7, 1e-7, 12345.678, -3];
  return Array.from({ length: count }, (_, i) =>
    Math.fround(magnitudes[(i * 5) % 8]! * (1 + i / 7)),
  );
}

void t.test('any number of threads adds the rows of a step in the order of the tree', (t) => {
  for (let count = 1; count <= 40; count++) {
    const leaves = leavesOf(count);
    const expected = treeSum(leaves);
    for (const threads of [1, 2, 3, 4, 5, 7, 16, 41]) {
      t.equal(threadedSum(leaves, threads), expected, `${count} rows on ${threads} threads`);
    }
  }
  t.end();
});

void t.test('a part of a step is added in the order of its node', (t) => {
  for (const count of [5, 7, 12, 33]) {
    const leaves = leavesOf(count);
    for (let first = 0; first < count; first++) {
      for (const node of covering({ first, end: count }, count)) {
        for (const threads of [1, 2, 3, 5, 16]) {
          const expected = treeSum(leaves.slice(node.first, node.end));
          const name = `${nodeKey(node)} of ${count} on ${threads} threads`;
          t.equal(threadedSum(leaves, threads, node), expected, name);
        }
      }
    }
  }
  t.end();
});

void t.test('the tree is not the sum from left to right', (t) => {
  const leaves = [1e8, 1, -1e8, 1].map(Math.fround);
  t.equal(threadedSum(leaves, 3), treeSum(leaves));
  t.not(
    treeSum(leaves),
    leaves.reduce((a, b) => Math.fround(a + b)),
  );
  t.end();
});

void t.test('threads get contiguous ranges whose sizes differ by at most one', (t) => {
  t.same(evenCuts({ first: 0, end: 7 }, 3), [0, 3, 5, 7]);
  t.same(evenCuts({ first: 4, end: 6 }, 4), [4, 5, 5, 6, 6]);
  t.equal(rowSlots([8], 1, false), 4, 'one thread: log2(k) + 1 rows');
  t.end();
});

void t.test('fewer micro-batches than threads: teams of neighbours, one a micro-batch', (t) => {
  for (let threads = 1; threads <= 17; threads++) {
    for (let count = 1; count < threads; count++) {
      const cuts = evenCuts({ first: 3, end: 3 + count }, threads);
      const places = Array.from({ length: threads }, (_, thread) => teamOf(thread, cuts)!);
      for (const [thread, { microBatch, leader, place, size }] of places.entries()) {
        t.equal(place, thread - leader);
        t.ok(place < size && leader + size <= threads);
        t.equal(cuts[leader], microBatch, 'the leader is who has the micro-batch in its range');
        t.equal(cuts[leader + 1], microBatch + 1);
      }
      const sizes = places.filter(({ place }) => place === 0).map(({ size }) => size);
      t.equal(sizes.length, count, 'a team for each micro-batch');
      t.equal(
        sizes.reduce((a, b) => a + b),
        threads,
        'everybody is in one',
      );
      t.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `${sizes.join(', ')} threads`);
    }
    t.equal(teamOf(0, evenCuts({ first: 0, end: threads }, threads)), null);
    t.equal(teamOf(0, evenCuts({ first: 5, end: threads + 8 }, threads)), null);
  }
  t.end();
});
