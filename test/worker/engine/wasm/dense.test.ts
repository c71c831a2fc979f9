import t from 'tap';
import { lowerDense } from '#src/worker/engine/wasm/lowering/dense.js';
import { convData, convErrors } from '../../../support/conv-check.js';
import { convCase, kernelElements } from '../../../support/conv-oracle.js';
import type { ConvCase } from '../../../support/conv-oracle.js';
import { KernelHarness, LoweredNode, randomValues } from '../../../support/kernel-harness.js';

const harness = await KernelHarness.create('plain', 64);

/** A dense layer over a map, told as a window of the size of the map. */
const denseCase = (batch: number, map: [number, number, number], outputs: number): ConvCase =>
  convCase(batch, map, outputs, [map[0], map[1]], 'valid');

function lower(c: ConvCase, relu: boolean, bias = true): LoweredNode {
  return LoweredNode.of(
    harness,
    lowerDense,
    { kind: 'dense', bias, activation: relu ? 'relu' : 'linear', maskGradient: relu },
    {
      inputs: [c.input],
      output: c.output,
      batchMax: c.batch,
      weights: {
        kernel: new Float32Array(kernelElements(c)),
        bias: new Float32Array(c.output.channels),
      },
    },
  );
}

const CASES: readonly ConvCase[] = [
  denseCase(1, [1, 1, 1], 3),
  denseCase(3, [1, 1, 128], 10),
  denseCase(7, [1, 1, 13], 5),
  denseCase(600, [1, 1, 5], 13),
  denseCase(3, [1, 1, 300], 64),
  denseCase(7, [5, 7, 3], 10),
  denseCase(3, [28, 28, 1], 12),
  denseCase(5, [2, 2, 13], 7),
  denseCase(3, [7, 5, 8], 9),
];

const name = ({ batch, input, output }: ConvCase) =>
  `${batch} × ${input.height}·${input.width}·${input.channels} → ${output.channels}`;

t.test('y = x·w + b as in a hand-computed example', async (t) => {
  harness.reset();
  // A 1×2 map of two channels: features in order (x = 0: 1, 2), (x = 1: 3, 4).
  const c = denseCase(1, [1, 2, 2], 2);
  const node = lower(c, false);
  node.setWeight('kernel', [1, 10, 2, 20, 3, 30, 4, 40]);
  node.setWeight('bias', [0.5, -0.5]);
  node.prepare();
  node.setInput(0, [1, 2, 3, 4]);
  t.strictSame([...node.forward(1)], [30.5, 299.5]);
  node.backward([1, 2]);
  t.strictSame([...node.inputGradient(0, 1)], [21, 42, 63, 84]);
  t.strictSame([...node.gradient('kernel')], [1, 2, 2, 4, 3, 6, 4, 8]);
  t.strictSame([...node.gradient('bias')], [1, 2]);
});

t.test('dense layers match float64 loops', async (t) => {
  for (const [i, c] of CASES.entries()) {
    for (const relu of [false, true]) {
      harness.reset();
      const node = lower(c, relu);
      const errors = convErrors(node, c, convData(c, 10 * i + 3), relu, 1 + (i % 3));
      for (const [what, error] of Object.entries(errors)) {
        t.ok(error < 2e-6, `${name(c)}, ${relu ? 'ReLU' : 'linear'}: ${what} (${error})`);
      }
      t.ok(node.rowGapsIntact(), 'nothing is written around the gradients');
    }
  }
});

t.test('pad lanes, scratch and the parts of prepare do not change a bit', async (t) => {
  for (const c of CASES) {
    const data = convData(c, 5);
    const run = (garbage: number, scratch: number, parts: number) => {
      harness.reset();
      harness.floats(2048, harness.memory.buffer.byteLength / 4 - 512).fill(scratch);
      const node = lower(c, true);
      node.setWeight('kernel', data.w);
      node.setWeight('bias', data.bias);
      node.prepare(parts);
      node.setInput(0, data.x, garbage);
      const y = node.forward(c.batch);
      node.backward(data.dy, {}, garbage);
      return [y, node.inputGradient(0, c.batch), node.gradient('kernel'), node.gradient('bias')];
    };
    const expected = run(1e9, 1, 1);
    for (const parts of [2, 3, 5]) t.strictSame(run(-3e7, 2, parts), expected, name(c));
  }
});

t.test('a layer without bias has no bias gradient', async (t) => {
  harness.reset();
  const c = denseCase(2, [1, 1, 4], 3);
  const node = lower(c, false, false);
  node.setWeight('kernel', randomValues(1, 12));
  node.prepare();
  node.setInput(0, new Float32Array(8));
  t.strictSame([...node.forward(2)], [0, 0, 0, 0, 0, 0]);
  node.backward([1, 1, 1, 1, 1, 1]);
  t.equal(node.gradient('bias')[0], Math.fround(-3e30));
});
