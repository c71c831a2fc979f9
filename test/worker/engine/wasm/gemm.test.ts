import t from 'tap';
import { supportsRelaxedSimd } from '#src/worker/engine/wasm/module.js';
import { KernelHarness, randomValues, relativeError } from '../../../support/kernel-harness.js';

const ACCUMULATE = 1;
const RELU = 2;
const UNTOUCHED = Math.fround(-3e30);

const harness = await KernelHarness.create('plain', 32);

interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly a: (m: number, k: number) => number;
  readonly b: (k: number, n: number) => number;
  readonly start: (m: number, n: number) => number;
}

/** In float32, the products added one after another: what the plain build must give to the bit. */
function inOrder({ rows, columns, depth, a, b, start }: Product): Float32Array {
  const c = new Float32Array(rows * columns);
  for (let m = 0; m < rows; m++) {
    for (let n = 0; n < columns; n++) {
      let sum = start(m, n);
      for (let k = 0; k < depth; k++) sum = Math.fround(sum + Math.fround(a(m, k) * b(k, n)));
      c[m * columns + n] = sum;
    }
  }
  return c;
}

const SIZES = [
  [1, 1, 1],
  [3, 5, 2],
  [4, 8, 4],
  [2, 3, 3],
  [5, 13, 3],
  [6, 9, 7],
  [7, 10, 5],
  [13, 4, 9],
  [9, 17, 13],
  [64, 20, 33],
] as const;

/** A [k/4][rows][4] with garbage past the depth, B [n/4][k][4] with zeros past the columns. */
function operands(
  target: KernelHarness,
  rows: number,
  columns: number,
  depth: number,
  seed: number,
) {
  target.reset();
  const quads = Math.ceil(depth / 4);
  const vectors = Math.ceil(columns / 4);
  const aAt = target.allocate(quads * rows * 16, 1e20);
  const bAt = target.allocate(vectors * depth * 16, 0);
  const aValues = randomValues(seed, rows * depth);
  const bValues = randomValues(seed + 1, depth * columns);
  const a = target.floats(aAt, quads * rows * 4);
  const b = target.floats(bAt, vectors * depth * 4);
  for (let m = 0; m < rows; m++) {
    for (let k = 0; k < depth; k++)
      a[((k >> 2) * rows + m) * 4 + (k & 3)] = aValues[m * depth + k]!;
  }
  for (let k = 0; k < depth; k++) {
    for (let n = 0; n < columns; n++) {
      b[((n >> 2) * depth + k) * 4 + (n & 3)] = bValues[k * columns + n]!;
    }
  }
  return { aAt, bAt, aValues, bValues, vectors };
}

function runRows(target: KernelHarness, size: readonly [number, number, number], seed: number) {
  const [rows, columns, depth] = size;
  const { aAt, bAt, aValues, bValues, vectors } = operands(target, rows, columns, depth, seed);
  const cAt = target.allocate(vectors * rows * 16);
  const biasAt = target.allocate(columns * 4 + 4) + 4;
  const bias = randomValues(seed + 2, columns);
  target.floats(biasAt, columns).set(bias);
  const c = target.floats(cAt, vectors * rows * 4);
  const run = (biasAddress: number, flags: number) => {
    target.kernel('gemmRows')(
      ...[aAt, 16, rows * 16, bAt, depth * 16, cAt, 16, rows * 16],
      ...[rows, columns, depth, biasAddress, flags],
    );
    return Float32Array.from(
      { length: rows * columns },
      (_, i) =>
        c[(((i % columns) >> 2) * rows + Math.floor(i / columns)) * 4 + ((i % columns) & 3)]!,
    );
  };
  const product = (start: Product['start']): Product => ({
    rows,
    columns,
    depth,
    a: (m, k) => aValues[m * depth + k]!,
    b: (k, n) => bValues[k * columns + n]!,
    start,
  });
  const behind = () => target.floats(cAt, vectors * rows * 4 + 1)[vectors * rows * 4];
  return { run, product, bias, biasAt, behind };
}

t.test('gemmRows adds the products in order, with bias, ReLU and accumulation', async (t) => {
  for (const [i, size] of SIZES.entries()) {
    const title = size.join('×');
    const { run, product, bias, biasAt, behind } = runRows(harness, size, 10 * i + 1);
    const plain = inOrder(product(() => 0));
    t.strictSame(run(0, 0), plain, title);
    const twice = plain.map((value) => Math.fround(value + value));
    t.strictSame(run(0, ACCUMULATE), twice, `${title}, added to what was there`);
    const biased = inOrder(product((_, n) => bias[n]!));
    t.strictSame(run(biasAt, 0), biased, `${title}, bias`);
    const relu = biased.map((value) => (value > 0 ? value : 0));
    t.strictSame(run(biasAt, RELU), relu, `${title}, bias and ReLU`);
    t.equal(behind(), UNTOUCHED, `${title}, nothing is written behind`);
  }
});

t.test('gemmColumns sums over samples and writes exactly its elements', async (t) => {
  for (const [i, [rows, columns, depth]] of SIZES.entries()) {
    harness.reset();
    const title = `${rows}×${columns} over ${depth}`;
    const blocks = Math.ceil(rows / 4);
    const vectors = Math.ceil(columns / 4);
    const aValues = randomValues(10 * i + 1, depth * blocks * 4);
    const bValues = randomValues(10 * i + 2, depth * vectors * 4);
    const aAt = harness.allocate(aValues.length * 4);
    const bAt = harness.allocate(bValues.length * 4);
    // A [k][m], B [k][n], C [m][columns] at an odd element, as a row of gradients has them.
    harness.floats(aAt, aValues.length).set(aValues);
    harness.floats(bAt, bValues.length).set(bValues);
    const cAt = harness.allocate((rows * columns + 8) * 4) + 4;
    const run = (accumulate: number) => {
      harness.kernel('gemmColumns')(
        ...[aAt, blocks * 16, 16, bAt, vectors * 16, 16, cAt, columns * 4, 16],
        ...[rows, columns, depth, accumulate],
      );
      return harness.floats(cAt, rows * columns).slice();
    };
    const expected = inOrder({
      rows,
      columns,
      depth,
      a: (m, k) => aValues[k * blocks * 4 + m]!,
      b: (k, n) => bValues[k * vectors * 4 + n]!,
      start: () => 0,
    });
    t.strictSame(run(0), expected, title);
    const twice = expected.map((value) => Math.fround(value + value));
    t.strictSame(run(1), twice, `${title}, added to what was there`);
    t.equal(harness.floats(cAt - 4, 1)[0], UNTOUCHED, `${title}, the element before`);
    t.equal(harness.floats(cAt, rows * columns + 1)[rows * columns], UNTOUCHED, 'and behind');
  }
});

t.test('packWeights gives both layouts, with zeros where there is no weight', async (t) => {
  const [groups, channels, outputs] = [2, 5, 7];
  harness.reset();
  const w = randomValues(3, groups * channels * outputs);
  const wAt = harness.allocate(w.length * 4 + 4) + 4;
  harness.floats(wAt, w.length).set(w);
  const depth = groups * 8;
  const packedAt = harness.allocate(2 * depth * 16);
  const transposedAt = harness.allocate(2 * depth * 16);
  const value = (k: number, n: number) => {
    const channel = k % 8;
    if (channel >= channels || n >= outputs) return 0;
    return w[((k >> 3) * channels + channel) * outputs + n]!;
  };
  for (const parts of [1, 2, 3]) {
    harness.floats(packedAt, 2 * depth * 4).fill(9);
    harness.floats(transposedAt, 2 * depth * 4).fill(9);
    for (let part = 0; part < parts; part++) {
      harness.kernel('packWeights')(
        ...[part, parts, wAt, groups, channels, outputs, packedAt, transposedAt],
      );
    }
    const packed = harness.floats(packedAt, 2 * depth * 4);
    const transposed = harness.floats(transposedAt, 2 * depth * 4);
    let wrong = 0;
    for (let k = 0; k < depth; k++) {
      for (let n = 0; n < 8; n++) {
        if (packed[((n >> 2) * depth + k) * 4 + (n & 3)] !== value(k, n)) wrong++;
        if (transposed[((k >> 2) * 8 + n) * 4 + (k & 3)] !== value(k, n)) wrong++;
      }
    }
    t.equal(wrong, 0, `${parts} parts`);
  }
});

t.test('the relaxed build agrees to rounding', async (t) => {
  if (!(await supportsRelaxedSimd())) {
    t.comment('no relaxed SIMD here');
    return;
  }
  const relaxed = await KernelHarness.create('relaxed', 32);
  const { run, product } = runRows(relaxed, [64, 20, 33], 5);
  const error = relativeError(run(0, 0), inOrder(product(() => 0)));
  t.ok(error < 1e-6, `${error}`);
});
