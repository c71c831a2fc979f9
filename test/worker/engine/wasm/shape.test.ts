import t from 'tap';
import {
  lowerAdd,
  lowerConcatenate,
  lowerReshape,
  lowerZeroPad,
} from '#src/worker/engine/wasm/lowering/shape.js';
import type { MapShape } from '#src/worker/engine/wasm/plan/lowering.js';
import {
  KernelHarness,
  LoweredNode,
  elements,
  randomValues,
} from '../../../support/kernel-harness.js';

const map = (height: number, width: number, channels: number): MapShape => ({
  height,
  width,
  channels,
});

t.test('decodePixels divides by 255, and zeros the lanes past the channels', async (t) => {
  const harness = await KernelHarness.create('plain', 8);
  for (const channels of [1, 3, 4, 5, 13]) {
    for (const [height, width] of [
      [1, 1],
      [2, 5],
      [28, 28],
    ] as const) {
      const shape = map(height, width, channels);
      for (const batch of [1, 3]) {
        harness.reset();
        const length = batch * elements(shape);
        const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + 255) % 256);
        const from = harness.allocate(length);
        const blocks = Math.ceil(channels / 4);
        const to = harness.allocate(batch * blocks * height * width * 16);
        new Uint8Array(harness.memory.buffer, from, length).set(bytes);
        harness.kernel('decodePixels')(to, from, batch, channels, height * width);
        t.same(
          harness.unpack(to, shape, batch),
          Float32Array.from(bytes, (v) => v / 255),
        );
        const last = harness.floats(to, batch * blocks * height * width * 4).at(-1);
        if (channels % 4) t.equal(last, 0);
      }
    }
  }
});

t.test('reshape keeps the channels-last order, both ways', async (t) => {
  const harness = await KernelHarness.create('plain', 4);
  const pairs = [
    [map(1, 1, 60), map(5, 4, 3)],
    [map(5, 4, 3), map(1, 1, 60)],
    [map(7, 2, 5), map(2, 7, 5)],
    [map(7, 3, 8), map(3, 4, 14)],
    [map(1, 1, 1), map(1, 1, 1)],
  ] as const;
  for (const [input, output] of pairs) {
    for (const batch of [1, 3]) {
      harness.reset();
      const options = { inputs: [input], output, batchMax: 3 };
      const lowered = LoweredNode.of(harness, lowerReshape, { kind: 'reshape' }, options);
      const x = randomValues(1, batch * elements(input));
      lowered.setInput(0, x);
      t.same(lowered.forward(batch), x);
      lowered.backward(x);
      t.same(lowered.inputGradient(0, batch), x);
    }
  }
});

t.test('zero padding surrounds the map with zeros; its gradient is the middle', async (t) => {
  const harness = await KernelHarness.create('plain', 4);
  for (const channels of [1, 4, 5]) {
    const input = map(3, 2, channels);
    const output = map(6, 7, channels);
    harness.reset();
    const node = { kind: 'zeroPad', top: 1, left: 3 } as const;
    const options = { inputs: [input], output, batchMax: 3 };
    const lowered = LoweredNode.of(harness, lowerZeroPad, node, options);
    const x = randomValues(2, 3 * elements(input));
    const dy = randomValues(3, 3 * elements(output));
    const y = new Float32Array(3 * elements(output));
    const dx = new Float32Array(x.length);
    for (let i = 0; i < x.length; i++) {
      const c = i % channels;
      const p = Math.floor(i / channels);
      const [b, row, column] = [Math.floor(p / 6), Math.floor((p % 6) / 2) + 1, (p % 2) + 3];
      const at = ((b * 6 + row) * 7 + column) * channels + c;
      y[at] = x[i]!;
      dx[i] = dy[at]!;
    }
    lowered.setInput(0, x);
    t.same(lowered.forward(3), y);
    lowered.backward(dy);
    t.same(lowered.inputGradient(0, 3), dx);
  }
});

t.test('add takes any number of inputs; each gets the whole gradient', async (t) => {
  const harness = await KernelHarness.create('plain', 4);
  const shape = map(5, 3, 6);
  for (const count of [1, 2, 3, 5]) {
    harness.reset();
    const options = {
      inputs: Array.from({ length: count }, () => shape),
      output: shape,
      batchMax: 3,
    };
    const lowered = LoweredNode.of(harness, lowerAdd, { kind: 'add' }, options);
    const inputs = options.inputs.map((_, i) => randomValues(i + 1, 3 * 90));
    inputs.forEach((values, i) => lowered.setInput(i, values));
    const sum = inputs.reduce((total, values) => total.map((v, i) => v + values[i]!));
    t.same(lowered.forward(3), sum);
    lowered.backward(sum);
    for (let i = 0; i < count; i++) t.same(lowered.inputGradient(i, 3), sum);
  }
});

t.test('addInto accumulates in place', async (t) => {
  const harness = await KernelHarness.create('plain', 1);
  const [a, b] = [randomValues(1, 48), randomValues(2, 48)];
  const to = harness.allocate(192);
  const from = harness.allocate(192);
  harness.floats(to, 48).set(a);
  harness.floats(from, 48).set(b);
  harness.kernel('addInto')(to, from, 3, 4);
  t.same(
    harness.floats(to, 48),
    a.map((v, i) => v + b[i]!),
  );
});

t.test('concatenation along channels, aligned to four or not, and its split', async (t) => {
  const harness = await KernelHarness.create('plain', 4);
  for (const parts of [[4, 8], [8, 3], [3, 5], [1, 1, 1], [5], [2, 4, 13, 1]]) {
    for (const batch of [1, 3]) {
      harness.reset();
      const total = parts.reduce((a, b) => a + b);
      const inputs = parts.map((channels) => map(2, 5, channels));
      const output = map(2, 5, total);
      const options = { inputs, output, batchMax: 3 };
      const lowered = LoweredNode.of(harness, lowerConcatenate, { kind: 'concatenate' }, options);
      const whole = randomValues(4, batch * elements(output));
      let first = 0;
      const pieces = parts.map((channels) => {
        const start = first;
        first += channels;
        return whole.filter((_, i) => i % total >= start && i % total < start + channels);
      });
      pieces.forEach((values, i) => lowered.setInput(i, values));
      t.same(lowered.forward(batch), whole, `${parts} of ${batch}`);
      lowered.backward(whole);
      pieces.forEach((values, i) => t.same(lowered.inputGradient(i, batch), values));
    }
  }
});
