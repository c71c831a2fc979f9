import t, { type Test } from 'tap';
import { segmentCount, segmentRange } from '#src/shared/numerics/row-segments.js';
import { additions, nodeKey, type TreeNode } from '#src/shared/numerics/reduction-tree.js';
import { digestSlice } from '#src/shared/numerics/vector-digest.js';
import { loadKernels } from '#src/worker/engine/wasm/module.js';
import { SegmentMath, type Segment } from '#src/worker/rows/segment-math.js';
import { testRandom } from '../../support/random.js';

const random = testRandom('segment math');
const { module } = await loadKernels('plain');

const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
const valuesOf = ({ bytes }: Segment): Float32Array => new Float32Array(bytes.slice().buffer);

/** Of every magnitude, with zeros of both signs and subnormals among them. */
function randomRow(length: number): Float32Array {
  return Float32Array.from({ length }, () => {
    const kind = random.below(20);
    if (kind < 2) return kind === 0 ? 0 : -0;
    const sign = random.below(2) === 0 ? 1 : -1;
    return sign * (1 + random.below(1 << 23) / (1 << 23)) * 2 ** (random.below(180) - 140);
  });
}

t.test('Digests of segments add up to that of the row, as the plain twin has it', (t) => {
  for (let round = 0; round < 60; round++) {
    const length = 1 + random.below(round < 40 ? 300 : 40_000);
    const row = randomRow(length);
    const segments = segmentCount(length, 1 + random.below(12));
    const math = new SegmentMath(module, length);
    let sum = 0n;
    for (let index = 0; index < segments; index++) {
      const { first, end } = segmentRange(length, segments, index);
      const part = math.inspect(bytesOf(row.subarray(first, end)), first);
      const twin = digestSlice(row.subarray(first, end), first);
      if (part.digest !== twin) t.equal(part.digest, twin, `segment ${index} of ${length}`);
      if (part.nonFinite !== -1) t.equal(part.nonFinite, -1, 'all are finite');
      sum = BigInt.asUintN(64, sum + part.digest);
    }
    t.equal(sum, digestSlice(row, 0), `${length} elements in ${segments} segments`);
  }
  t.end();
});

t.test('A digest knows where in the row its elements stand', (t) => {
  const math = new SegmentMath(module, 64);
  const values = randomRow(64);
  const digests = [0, 16, 32, 65536, 2 ** 31 - 64].map((first) => {
    const { digest } = math.inspect(bytesOf(values), first);
    t.equal(digest, digestSlice(values, first), `from ${first}`);
    return digest;
  });
  t.equal(new Set(digests).size, digests.length, 'all differ');
  t.end();
});

t.test('Bytes may stand anywhere, and stay as they are', (t) => {
  const math = new SegmentMath(module, 16);
  const around = new Uint8Array(70).fill(0x7f);
  const values = randomRow(16);
  around.set(bytesOf(values), 3);
  const segment = math.inspect(around.subarray(3, 67), 0);
  t.equal(segment.digest, digestSlice(values, 0));
  t.strictSame(valuesOf(segment), values);
  t.end();
});

t.test('The first value that is not finite is found, at its place in the row', (t) => {
  const math = new SegmentMath(module, 1024);
  for (let round = 0; round < 200; round++) {
    const length = 1 + random.below(1024);
    const values = randomRow(length);
    const bad = Array.from({ length: 1 + random.below(3) }, () => random.below(length));
    for (const at of bad) values[at] = [NaN, Infinity, -Infinity][random.below(3)]!;
    const first = 16 * random.below(100_000);
    const { nonFinite, digest } = math.inspect(bytesOf(values), first);
    if (nonFinite !== first + Math.min(...bad)) t.equal(nonFinite, first + Math.min(...bad));
    if (digest !== digestSlice(values, first)) t.fail('its digest is that of its bits');
  }
  const largest = Float32Array.of(3.4028234663852886e38, -3.4028234663852886e38, 1e-45, -0);
  t.equal(math.inspect(bytesOf(largest), 0).nonFinite, -1, 'the largest are finite');
  t.equal(math.inspect(bytesOf(Float32Array.of(NaN)), 48).nonFinite, 48, 'alone');
  t.end();
});

/** The value of a node as the tree has it, written down anew and without any cleverness. */
function treeSum(
  rows: ReadonlyMap<string, Float32Array>,
  first: number,
  end: number,
): Float32Array {
  const given = rows.get(`${first}-${end}`);
  if (given !== undefined) return given;
  let half = 1;
  while (half * 2 < end - first) half *= 2;
  const left = treeSum(rows, first, first + half);
  const right = treeSum(rows, first + half, end);
  return left.map((value, i) => Math.fround(value + right[i]!));
}

function checkSum(t: Test, math: SegmentMath, held: readonly TreeNode[], target: TreeNode): void {
  const length = 1 + random.below(100);
  const first = 16 * random.below(1000);
  const rows = new Map(held.map((node) => [nodeKey(node), randomRow(length)]));
  const inputs = new Map([...rows].map(([key, row]) => [key, math.inspect(bytesOf(row), first)]));
  const sum = math.sum(inputs, additions(held, target)!, target, first);
  const expected = treeSum(rows, target.first, target.end);
  const name = `${held.length} inputs below ${nodeKey(target)}`;
  if (Buffer.compare(sum.bytes, bytesOf(expected)) !== 0) t.fail(`${name}: another sum`);
  if (sum.digest !== digestSlice(expected, first)) t.fail(`${name}: another digest`);
  if (sum.nonFinite !== -1) t.fail(`${name}: ${sum.nonFinite} is not finite`);
  for (const [key, { bytes }] of inputs) {
    if (Buffer.compare(bytes, bytesOf(rows.get(key)!)) !== 0) t.fail(`${name}: ${key} was changed`);
  }
}

const leaves = (first: number, end: number): TreeNode[] =>
  Array.from({ length: end - first }, (_, i) => ({ first: first + i, end: first + i + 1 }));

t.test('Three rows are added as ((a + b) + c), and not otherwise', (t) => {
  const math = new SegmentMath(module, 2);
  const rows = [
    Float32Array.of(1, 1e8),
    Float32Array.of(2 ** -24, -1e8),
    Float32Array.of(2 ** -24, 1),
  ];
  const held = leaves(0, 3);
  const inputs = new Map(
    held.map((node, i) => [nodeKey(node), math.inspect(bytesOf(rows[i]!), 0)]),
  );
  const target = { first: 0, end: 3 };
  const sum = math.sum(inputs, additions(held, target)!, target, 0);
  t.strictSame([...valuesOf(sum)], [1, 1], 'where 1 + (b + c) would be 1.0000001');
  t.end();
});

t.test('Sums are those of the tree, to the bit, whatever is held', (t) => {
  const math = new SegmentMath(module, 100);
  for (let count = 1; count <= 40; count++)
    checkSum(t, math, leaves(0, count), { first: 0, end: count });
  checkSum(t, math, leaves(0, 1024), { first: 0, end: 1024 });
  checkSum(t, math, leaves(0, 1023), { first: 0, end: 1023 });
  for (let round = 0; round < 200; round++) {
    const count = 1 + random.below(200);
    checkSum(t, math, cut({ first: 0, end: count }), { first: 0, end: count });
  }
  t.pass('242 sums');
  t.end();
});

/** Nodes of the tree below one, some as a whole, some in parts. */
function cut(node: TreeNode): TreeNode[] {
  const size = node.end - node.first;
  if (size === 1 || random.below(6) === 0) return [node];
  let half = 1;
  while (half * 2 < size) half *= 2;
  const middle = node.first + half;
  return [...cut({ first: node.first, end: middle }), ...cut({ first: middle, end: node.end })];
}

t.test('A sum that is held already is taken as it is', (t) => {
  const math = new SegmentMath(module, 16);
  const target = { first: 0, end: 2 };
  const whole = math.inspect(bytesOf(randomRow(16)), 0);
  t.equal(math.sum(new Map([[nodeKey(target), whole]]), [], target, 0), whole);
  t.end();
});

t.test('A sum that overflows says where', (t) => {
  const math = new SegmentMath(module, 32);
  const held = leaves(0, 2);
  const row = new Float32Array(32);
  row[21] = 3e38;
  const inputs = new Map(held.map((node) => [nodeKey(node), math.inspect(bytesOf(row), 160)]));
  const target = { first: 0, end: 2 };
  t.equal(math.sum(inputs, additions(held, target)!, target, 160).nonFinite, 181);
  t.end();
});

t.test('Sums stay, whatever is computed after them', (t) => {
  const math = new SegmentMath(module, 64);
  const held = leaves(0, 4);
  const target = { first: 0, end: 4 };
  const once = (): Segment => {
    const inputs = new Map(held.map((n) => [nodeKey(n), math.inspect(bytesOf(randomRow(64)), 0)]));
    return math.sum(inputs, additions(held, target)!, target, 0);
  };
  const first = once();
  const copy = first.bytes.slice();
  for (let i = 0; i < 20; i++) once();
  t.strictSame(first.bytes, copy);
  t.notOk(first.bytes.buffer instanceof SharedArrayBuffer, 'in memory of their own');
  t.end();
});
