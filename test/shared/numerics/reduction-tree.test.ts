import t from 'tap';
import { mergeOrder } from '#src/shared/numerics/merge-order.js';
import { microBatchCount, microBatchRange } from '#src/shared/numerics/micro-batches.js';
import {
  additions,
  areSiblings,
  childrenOf,
  covering,
  isLeaf,
  nodeKey,
  rootOf,
  type TreeNode,
} from '#src/shared/numerics/reduction-tree.js';

/** The sum under a node, straight from the definition. */
function sumOf(node: TreeNode, values: readonly number[]): number {
  if (isLeaf(node)) return values[node.first]!;
  const [left, right] = childrenOf(node);
  return Math.fround(sumOf(left, values) + sumOf(right, values));
}

function randomValues(count: number): readonly number[] {
  return Array.from({ length: count }, () => Math.fround((Math.random() - 0.5) * 1e3));
}

t.test('Micro-batches cover a step without gap, differ by at most one, larger first', (t) => {
  t.equal(microBatchCount(130, 32), 5);
  t.strictSame(
    Array.from({ length: 5 }, (_, i) => microBatchRange(128, 5, i)),
    [
      { first: 0, end: 26 },
      { first: 26, end: 52 },
      { first: 52, end: 78 },
      { first: 78, end: 103 },
      { first: 103, end: 128 },
    ],
  );
  for (let samples = 1; samples <= 40; samples++) {
    for (let size = 1; size <= 41; size++) {
      const count = microBatchCount(samples, size);
      const ranges = Array.from({ length: count }, (_, i) => microBatchRange(samples, count, i));
      const sizes = ranges.map(({ first, end }) => end - first);
      const wellCut =
        ranges[0]!.first === 0 &&
        ranges[count - 1]!.end === samples &&
        ranges.every(({ first }, i) => i === 0 || ranges[i - 1]!.end === first) &&
        sizes.every((each, i) => i === 0 || sizes[i - 1]! >= each) &&
        sizes[0]! <= size &&
        sizes[0]! - sizes[count - 1]! <= 1;
      if (!wellCut) t.fail(`${samples} samples, micro-batches of ${size}`);
    }
  }
  t.end();
});

t.test('Nodes are dyadic and aligned, and an absent right child passes the left one up', (t) => {
  const keys = (nodes: readonly TreeNode[]): string => nodes.map(nodeKey).join(' ');
  t.equal(keys(childrenOf(rootOf(7))), '0-4 4-7');
  t.equal(keys(childrenOf({ first: 4, end: 7 })), '4-6 6-7');
  t.equal(keys(childrenOf(rootOf(5))), '0-4 4-5');
  t.equal(keys(covering({ first: 1, end: 6 }, 7)), '1-2 2-4 4-6');
  t.equal(keys(covering({ first: 4, end: 7 }, 7)), '4-7');
  t.equal(keys(covering({ first: 3, end: 3 }, 7)), '');
  t.ok(areSiblings({ first: 4, end: 6 }, { first: 6, end: 7 }, 7));
  t.notOk(areSiblings({ first: 2, end: 4 }, { first: 4, end: 6 }, 7), 'neighbours, not siblings');
  t.notOk(areSiblings({ first: 4, end: 6 }, { first: 6, end: 7 }, 8), 'the right one is not whole');
  t.end();
});

t.test('A thread that merges like a counter makes the nodes of the tree, bit for bit', (t) => {
  for (let count = 1; count <= 33; count++) {
    const values = randomValues(count);
    for (let first = 0; first < count; first++) {
      for (let end = first + 1; end <= count; end++) {
        const order = mergeOrder({ first, end }, count);
        const rows = new Array<number>(order.rows).fill(NaN);
        for (const { microBatch, row, merges } of order.steps) {
          rows[row] = values[microBatch]!;
          for (let r = row; r > row - merges; r--)
            rows[r - 1] = Math.fround(rows[r - 1]! + rows[r]!);
        }
        const expected = covering({ first, end }, count);
        const right =
          order.results.map(nodeKey).join() === expected.map(nodeKey).join() &&
          expected.every((node, row) => Object.is(rows[row], sumOf(node, values)));
        if (!right) t.fail(`[${first}, ${end}) of ${count}`);
      }
    }
    const { rows } = mergeOrder(rootOf(count), count);
    t.ok(rows <= Math.ceil(Math.log2(count)) + 1, `${rows} rows for ${count} micro-batches`);
  }
  t.end();
});

t.test('The root comes out of any nodes that cover it, with the same bits', (t) => {
  const count = 23;
  const values = randomValues(count);
  const expected = sumOf(rootOf(count), values);
  const exact = values.reduce((sum, value) => sum + value, 0);
  t.ok(Math.abs(expected - exact) < 0.01, 'near the sum in float64');
  for (let trial = 0; trial < 200; trial++) {
    // Some workers' contiguous ranges, and some of them twice.
    const cuts = [0, count, ...Array.from({ length: 3 }, () => Math.floor(Math.random() * count))];
    cuts.sort((a, b) => a - b);
    const ranges = cuts.slice(1).map((end, i) => ({ first: cuts[i]!, end }));
    const held = [...ranges, ...ranges.slice(1, 2)].flatMap((range) => covering(range, count));
    const rows = new Map(held.map((node) => [nodeKey(node), sumOf(node, values)]));
    for (const { left, right, sum } of additions(held, rootOf(count)) ?? []) {
      rows.set(nodeKey(sum), Math.fround(rows.get(nodeKey(left))! + rows.get(nodeKey(right))!));
    }
    if (!Object.is(rows.get(nodeKey(rootOf(count))), expected)) t.fail(`cuts ${cuts.join()}`);
  }
  t.equal(additions(covering({ first: 1, end: count }, count), rootOf(count)), null, 'one missing');
  t.end();
});
