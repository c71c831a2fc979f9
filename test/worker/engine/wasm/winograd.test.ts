import t from 'tap';
import { lowerConv2d } from '#src/worker/engine/wasm/lowering/conv2d.js';
import { supportsRelaxedSimd } from '#src/worker/engine/wasm/module.js';
import { columnTiles, rowTiles } from '#src/worker/engine/wasm/lowering/winograd-tiles.js';
import { convData, convErrors } from '../../../support/conv-check.js';
import { convCase, kernelElements } from '../../../support/conv-oracle.js';
import type { ConvCase } from '../../../support/conv-oracle.js';
import { KernelHarness, LoweredNode, randomValues } from '../../../support/kernel-harness.js';

const harness = await KernelHarness.create('plain', 48);

interface Options {
  readonly relu?: boolean;
  readonly batchMax?: number;
  readonly frozen?: readonly string[];
  readonly inputGradient?: boolean;
}

function lower(c: ConvCase, options: Options = {}, on = harness): LoweredNode {
  const relu = options.relu ?? false;
  return LoweredNode.of(
    on,
    lowerConv2d,
    {
      kind: 'conv2d',
      kernel: c.kernel,
      strides: c.strides,
      dilation: c.dilation,
      pad: c.pad,
      bias: true,
      activation: relu ? 'relu' : 'linear',
      maskGradient: relu,
      norm: null,
      pool: null,
    },
    {
      inputs: [c.input],
      output: c.output,
      batchMax: options.batchMax ?? c.batch,
      weights: {
        kernel: randomValues(1, kernelElements(c)),
        bias: new Float32Array(c.output.channels),
      },
      frozen: options.frozen ?? [],
      inputGradients: [options.inputGradient ?? true],
    },
  );
}

const same = (batch: number, map: [number, number, number], outputs: number) =>
  convCase(batch, map, outputs, [3, 3], 'same');
const same5 = (batch: number, map: [number, number, number], outputs: number) =>
  convCase(batch, map, outputs, [5, 5], 'same');
const valid5 = (batch: number, map: [number, number, number], outputs: number) =>
  convCase(batch, map, outputs, [5, 5], 'valid');
const valid = (batch: number, map: [number, number, number], outputs: number) =>
  convCase(batch, map, outputs, [3, 3], 'valid');

const CASES: readonly ConvCase[] = [
  same(3, [28, 28, 8], 8),
  same(1, [14, 14, 13], 9),
  same(7, [7, 7, 9], 13),
  same(7, [5, 7, 8], 10),
  same(33, [4, 4, 13], 12),
  same(7, [3, 3, 8], 9),
  same(3, [2, 2, 13], 9),
  same(130, [2, 2, 8], 8),
  same(3, [2, 1, 9], 8),
  same(3, [2, 5, 9], 8),
  same(2, [6, 19, 11], 8),
  valid(3, [28, 28, 8], 9),
  valid(7, [4, 4, 13], 9),
  valid(7, [9, 5, 9], 8),
  valid(3, [14, 15, 8], 13),
  same(1, [9, 130, 8], 8),
  same(2, [12, 9, 8], 8),
  same(2, [70, 66, 8], 8),
  same5(2, [9, 9, 9], 13),
  same5(7, [5, 4, 8], 8),
  same5(3, [3, 11, 11], 9),
  same5(1, [28, 28, 8], 8),
  same5(1, [61, 70, 8], 8),
  valid5(3, [14, 9, 8], 10),
];

const name = (c: ConvCase) =>
  `${c.batch} × ${c.input.height}×${c.input.width}×${c.input.channels} → ${c.output.height}×${c.output.width}×${c.output.channels}`;

t.test('Winograd convolution matches float64 loops', async (t) => {
  for (const [i, c] of CASES.entries()) {
    for (const relu of [false, true]) {
      harness.reset();
      const node = lower(c, { relu });
      t.equal(node.lowered.forward[0]?.kernel, 'winogradForward', name(c));
      const errors = convErrors(node, c, convData(c, 100 * i + 7), relu, 1 + (i % 3));
      for (const [what, error] of Object.entries(errors)) {
        t.ok(error < 1e-5, `${name(c)}, ${relu ? 'ReLU' : 'linear'}: ${what} (${error})`);
      }
      t.ok(node.rowGapsIntact(), 'nothing is written around the gradients');
    }
  }
});

t.test('wide layers stay within 1e-5 of the maximum', async (t) => {
  for (const c of [
    same(2, [14, 14, 64], 32),
    same(8, [4, 4, 256], 64),
    same(9, [2, 2, 256], 64),
    same(2, [12, 12, 64], 64),
    same(1, [28, 28, 64], 64),
    same5(3, [9, 9, 64], 128),
    same5(2, [8, 8, 64], 64),
  ]) {
    harness.reset();
    const errors = convErrors(lower(c), c, convData(c, 11), false);
    for (const [what, error] of Object.entries(errors)) {
      t.ok(error < 1e-5, `${name(c)}: ${what} (${error})`);
    }
  }
});

t.test('tiles follow from the length of the axis, with the fewest products', async (t) => {
  const rows = (taps: 3 | 5) => (length: number) => rowTiles(length, taps).products;
  const columns = (taps: 3 | 5) => (length: number) => columnTiles(length, taps).products;
  t.strictSame([1, 2, 4, 5, 7, 9, 12, 14, 28].map(rows(3)), [4, 4, 6, 8, 11, 13, 16, 20, 38]);
  t.strictSame([1, 2, 4, 7, 9, 12, 14, 28].map(columns(3)), [4, 4, 6, 11, 15, 18, 22, 42]);
  t.strictSame([1, 3, 4, 5, 6, 7, 9, 28].map(rows(5)), [6, 7, 8, 13, 14, 15, 21, 56]);
  t.strictSame([3, 4, 9].map(columns(5)), [7, 12, 21]);
  t.equal(rowTiles(10, 3).packed, 1 + 256, '10 = 6 + 4');
  t.equal(columnTiles(7, 3).packed, 256 + 65536, '7 = 4 + 3');
});

t.test('what lies in pad lanes and scratch does not change a bit', async (t) => {
  for (const c of CASES) {
    const data = convData(c, 5);
    const run = (garbage: number, scratch: number, parts: number) => {
      harness.reset();
      const size = harness.memory.buffer.byteLength / 4 - 512;
      harness.floats(2048, size).fill(scratch);
      const node = lower(c, { relu: true });
      node.setWeight('kernel', data.w);
      node.setWeight('bias', data.bias);
      node.prepare(parts);
      node.setInput(0, data.x, garbage);
      const y = node.forward(c.batch);
      node.backward(data.dy, {}, garbage);
      return [y, node.inputGradient(0, c.batch), node.gradient('kernel'), node.gradient('bias')];
    };
    const expected = run(1e9, 1, 1);
    t.strictSame(run(-3e7, 2, 2), expected, name(c));
    t.strictSame(run(1, 5, 3), expected, name(c));
    t.strictSame(run(1, 5, 5), expected, name(c));
  }
});

t.test('a smaller batch gives the bits of its own samples', async (t) => {
  const c = same(7, [7, 7, 9], 13);
  const data = convData(c, 5);
  harness.reset();
  const node = lower(c, { batchMax: 7 });
  node.setWeight('kernel', data.w);
  node.setWeight('bias', data.bias);
  node.prepare();
  node.setInput(0, data.x);
  const all = node.forward(7);
  node.setInput(0, data.x.subarray(0, 3 * 7 * 7 * 9));
  t.strictSame(node.forward(3), all.slice(0, 3 * 7 * 7 * 13));
});

t.test(
  'frozen weights and unwanted input gradients are skipped, the rest keeps its bits',
  async (t) => {
    const c = same(3, [5, 5, 8], 8);
    const data = convData(c, 5);
    const run = (options: Options) => {
      harness.reset();
      const node = lower(c, options);
      convPrepare(node);
      node.backward(data.dy);
      return node;
    };
    const convPrepare = (node: LoweredNode) => {
      node.setWeight('kernel', data.w);
      node.prepare();
      node.setInput(0, data.x);
      node.forward(c.batch);
    };
    const whole = run({});
    const kernel = whole.gradient('kernel');
    const bias = whole.gradient('bias');
    const input = whole.inputGradient(0, 3);
    const first = run({ inputGradient: false });
    t.strictSame(first.gradient('kernel'), kernel);
    t.strictSame(first.gradient('bias'), bias);
    const frozen = run({ frozen: ['kernel'] });
    t.strictSame(frozen.inputGradient(0, 3), input);
    t.strictSame(frozen.gradient('bias'), bias);
    t.not(frozen.gradient('kernel')[0], kernel[0]);
    t.equal(frozen.lowered.backwardReads.inputs, false);
    const none = run({ frozen: ['kernel', 'bias'], inputGradient: false });
    t.equal(none.lowered.backward.length, 0);
  },
);

t.test('the relaxed build stays within the same bounds', async (t) => {
  if (!(await supportsRelaxedSimd())) {
    t.comment('no relaxed SIMD here');
    return;
  }
  const relaxed = await KernelHarness.create('relaxed', 48);
  for (const c of [same(3, [14, 14, 13], 9), same(7, [2, 2, 9], 8), same(3, [28, 28, 1], 12)]) {
    relaxed.reset();
    const errors = convErrors(lower(c, { relu: true }, relaxed), c, convData(c, 3), true);
    for (const [what, error] of Object.entries(errors)) {
      t.ok(error < 1e-5, `${name(c)}: ${what} (${error})`);
    }
  }
});
