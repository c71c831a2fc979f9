import t from 'tap';
import { lowerConv2d } from '#src/worker/engine/wasm/lowering/conv2d.js';
import { convData, convErrors } from '../../../support/conv-check.js';
import { convCase, kernelElements } from '../../../support/conv-oracle.js';
import type { ConvCase } from '../../../support/conv-oracle.js';
import { KernelHarness, LoweredNode, randomValues } from '../../../support/kernel-harness.js';

const harness = await KernelHarness.create('plain', 48);

function lower(c: ConvCase, relu: boolean, batchMax = c.batch): LoweredNode {
  return LoweredNode.of(
    harness,
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
      batchMax,
      weights: {
        kernel: randomValues(1, kernelElements(c)),
        bias: new Float32Array(c.output.channels),
      },
    },
  );
}

const CASES: readonly (readonly [string, ConvCase])[] = [
  ['one channel, 3×3 same, whole rows in a run', convCase(3, [28, 28, 1], 32, [3, 3], 'same')],
  ['one channel, 5×5 valid', convCase(1, [14, 13, 1], 5, [5, 5], 'valid')],
  ['one channel, a map of 1×1', convCase(7, [1, 1, 1], 3, [3, 3], 'same')],
  ['two channels, stride 2', convCase(3, [7, 9, 2], 13, [3, 2], 'same', [2, 2])],
  ['three channels, dilation 2', convCase(3, [14, 14, 3], 8, [3, 3], 'valid', [1, 1], [2, 2])],
  ['three channels, 3×3 same', convCase(7, [5, 7, 3], 4, [3, 3], 'same')],
  ['four channels to one', convCase(3, [5, 5, 4], 1, [3, 3], 'same')],
  ['five to thirteen channels, 5×5 same', convCase(3, [9, 7, 5], 13, [5, 5], 'same')],
  ['thirteen to five, 2×2, stride 2 valid', convCase(7, [7, 5, 13], 5, [2, 2], 'valid', [2, 2])],
  ['1×1 window', convCase(3, [7, 7, 13], 10, [1, 1], 'same')],
  ['1×1 window, stride 3', convCase(1, [14, 8, 8], 6, [1, 1], 'valid', [3, 3])],
  ['stride 3 of a 2×2 window leaves pixels out', convCase(3, [11, 10, 4], 8, [2, 2], 'valid', [3, 3])],
  ['3×3, stride 2 same on an even map', convCase(3, [14, 14, 16], 12, [3, 3], 'same', [2, 2])],
  ['3×3, stride 1 by 2', convCase(3, [7, 8, 9], 9, [3, 3], 'same', [1, 2])],
  ['a window larger than the map', convCase(3, [2, 3, 6], 7, [5, 5], 'same')],
  ['many rows: chunks within a sample', convCase(2, [30, 41, 4], 5, [3, 5], 'same')],
  ['many rows, stride 2, one channel', convCase(2, [61, 70, 1], 5, [3, 3], 'same', [2, 2])],
  ['a deep window: several panels', convCase(2, [6, 6, 40], 12, [5, 4], 'same')],
]; // prettier-ignore

t.test('products over windows match float64 loops', async (t) => {
  for (const [i, [title, c]] of CASES.entries()) {
    for (const relu of [false, true]) {
      harness.reset();
      const errors = convErrors(lower(c, relu), c, convData(c, 100 * i + 7), relu, 1 + (i % 3));
      for (const [what, error] of Object.entries(errors)) {
        t.ok(error < 2e-6, `${title}, ${relu ? 'ReLU' : 'linear'}: ${what} (${error})`);
      }
    }
  }
});

t.test('what lies in pad lanes and scratch does not change a bit', async (t) => {
  for (const [title, c] of CASES) {
    const data = convData(c, 5);
    const run = (garbage: number, scratch: number) => {
      harness.reset();
      const size = harness.memory.buffer.byteLength / 4 - 512;
      harness.floats(2048, size).fill(scratch);
      const node = lower(c, true);
      node.setWeight('kernel', data.w);
      node.setWeight('bias', data.bias);
      node.prepare();
      node.setInput(0, data.x, garbage);
      const y = node.forward(c.batch);
      node.backward(data.dy, {}, garbage);
      return [y, node.inputGradient(0, c.batch), node.gradient('kernel'), node.gradient('bias')];
    };
    t.strictSame(run(1e9, 1), run(-3e7, 2), title);
  }
});
