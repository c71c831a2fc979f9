import t from 'tap';
import { lowerGlobalPool } from '#src/worker/engine/wasm/lowering/global-pool.js';
import { lowerPool } from '#src/worker/engine/wasm/lowering/pool.js';
import type { MapShape, PoolNode } from '#src/worker/engine/wasm/plan/lowering.js';
import {
  KernelHarness,
  LoweredNode,
  elements,
  randomValues,
  relativeError,
} from '../../../support/kernel-harness.js';

interface Case {
  readonly batch: number;
  readonly input: MapShape;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilation?: readonly [number, number];
  readonly same: boolean;
}

const map = (height: number, width: number, channels: number): MapShape => ({
  height,
  width,
  channels,
});

const CASES: readonly Case[] = [
  { batch: 1, input: map(1, 1, 1), kernel: [1, 1], strides: [1, 1], same: false },
  { batch: 3, input: map(2, 2, 3), kernel: [2, 2], strides: [2, 2], same: false },
  { batch: 1, input: map(28, 28, 5), kernel: [2, 2], strides: [2, 2], same: false },
  { batch: 3, input: map(7, 7, 13), kernel: [2, 2], strides: [2, 2], same: true },
  { batch: 7, input: map(7, 5, 3), kernel: [3, 3], strides: [2, 2], same: true },
  { batch: 3, input: map(14, 9, 4), kernel: [3, 3], strides: [1, 1], same: true },
  { batch: 1, input: map(5, 14, 6), kernel: [3, 2], strides: [1, 2], same: false },
  { batch: 3, input: map(28, 9, 1), kernel: [3, 3], strides: [3, 3], same: false },
  { batch: 1, input: map(5, 5, 5), kernel: [2, 2], strides: [3, 3], same: false },
  { batch: 3, input: map(9, 9, 3), kernel: [3, 2], strides: [1, 1], dilation: [2, 3], same: true },
  { batch: 3, input: map(5, 7, 3), kernel: [5, 7], strides: [1, 1], same: true },
];

/** Sizes as TensorFlow has them: 'same' puts the odd zero at the end. */
function geometry(item: Case): { node: Omit<PoolNode, 'kind' | 'foldRelu'>; output: MapShape } {
  const dilation = item.dilation ?? [1, 1];
  const lengths = [item.input.height, item.input.width];
  const out: number[] = [];
  const pad: number[] = [];
  for (let axis = 0; axis < 2; axis++) {
    const reach = (item.kernel[axis]! - 1) * dilation[axis]! + 1;
    const stride = item.strides[axis]!;
    const length = lengths[axis]!;
    const size = item.same ? Math.ceil(length / stride) : Math.floor((length - reach) / stride) + 1;
    out.push(size);
    pad.push(item.same ? Math.floor(Math.max((size - 1) * stride + reach - length, 0) / 2) : 0);
  }
  return {
    node: {
      kernel: item.kernel,
      strides: item.strides,
      dilation,
      pad: [pad[0]!, pad[1]!],
    },
    output: map(out[0]!, out[1]!, item.input.channels),
  };
}

/** Plain loops; the gradient goes to the first maximum, or evenly to the pixels that exist. */
function oracle(
  item: Case,
  max: boolean,
  foldRelu: boolean,
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
): { y: Float64Array; dx: Float64Array } {
  const { node, output } = geometry(item);
  const { input, batch } = item;
  const y = new Float64Array(batch * elements(output));
  const dx = new Float64Array(batch * elements(input));
  for (let b = 0; b < batch; b++) {
    for (let oy = 0; oy < output.height; oy++) {
      for (let ox = 0; ox < output.width; ox++) {
        for (let c = 0; c < input.channels; c++) {
          const places: number[] = [];
          for (let ky = 0; ky < node.kernel[0]; ky++) {
            for (let kx = 0; kx < node.kernel[1]; kx++) {
              const iy = oy * node.strides[0] - node.pad[0] + ky * node.dilation[0];
              const ix = ox * node.strides[1] - node.pad[1] + kx * node.dilation[1];
              if (iy < 0 || ix < 0 || iy >= input.height || ix >= input.width) continue;
              places.push(((b * input.height + iy) * input.width + ix) * input.channels + c);
            }
          }
          const at = ((b * output.height + oy) * output.width + ox) * input.channels + c;
          if (max) {
            let best = places[0]!;
            for (const place of places) if (x[place]! > x[best]!) best = place;
            y[at] = x[best]!;
            if (!foldRelu || x[best]! > 0) dx[best]! += dy[at]!;
          } else {
            for (const place of places) {
              y[at]! += x[place]! / places.length;
              dx[place]! += dy[at]! / places.length;
            }
          }
        }
      }
    }
  }
  return { y, dx };
}

for (const kind of ['maxPool', 'averagePool'] as const) {
  for (const foldRelu of kind === 'maxPool' ? [false, true] : [false]) {
    t.test(`${kind} of any window agrees with plain loops, foldRelu ${foldRelu}`, async (t) => {
      const harness = await KernelHarness.create('plain', 16);
      for (const item of CASES) {
        harness.reset();
        const { node, output } = geometry(item);
        const name = JSON.stringify(item);
        const lowered = LoweredNode.of(
          harness,
          lowerPool,
          { ...node, kind, foldRelu },
          { inputs: [item.input], output, batchMax: 8 },
        );
        // Few values, so that ties abound; for foldRelu what a ReLU puts out.
        const x = randomValues(elements(item.input), item.batch * elements(item.input)).map((v) => {
          const coarse = Math.round(v * 3) / 4;
          return foldRelu ? Math.max(coarse, 0) : coarse;
        });
        const dy = randomValues(99, item.batch * elements(output));
        const expected = oracle(item, kind === 'maxPool', foldRelu, x, dy);
        lowered.setInput(0, x);
        t.ok(relativeError(lowered.forward(item.batch), expected.y) < 3e-7, `${name}: y`);
        lowered.backward(dy);
        const dx = lowered.inputGradient(0, item.batch);
        t.ok(relativeError(dx, expected.dx) < 5e-7, `${name}: dx`);
      }
    });
  }
}

t.test('of equal maxima the first in row-major order gets the gradient', async (t) => {
  const harness = await KernelHarness.create('plain', 1);
  const node: PoolNode = {
    kind: 'maxPool',
    kernel: [2, 2],
    strides: [2, 2],
    dilation: [1, 1],
    pad: [0, 0],
    foldRelu: false,
  };
  const lowered = LoweredNode.of(harness, lowerPool, node, {
    inputs: [map(2, 4, 1)],
    output: map(1, 2, 1),
    batchMax: 1,
  });
  lowered.setInput(0, [-1, 5, 0, 0, 5, 5, 0, 0]);
  t.same([...lowered.forward(1)], [5, 0]);
  lowered.backward([2, 3]);
  t.same([...lowered.inputGradient(0, 1)], [0, 2, 3, 0, 0, 0, 0, 0]);
});

t.test('no gradient is computed where nobody wants it', async (t) => {
  const harness = await KernelHarness.create('plain', 1);
  const { node, output } = geometry(CASES[1]!);
  for (const kind of ['maxPool', 'averagePool'] as const) {
    const lowered = LoweredNode.of(
      harness,
      lowerPool,
      { ...node, kind, foldRelu: false },
      { inputs: [CASES[1]!.input], output, batchMax: 3, inputGradients: [false] },
    );
    t.same(lowered.lowered.backward, []);
    t.same(lowered.lowered.backwardReads, { inputs: false, output: false });
  }
});

for (const kind of ['globalMaxPool', 'globalAveragePool'] as const) {
  t.test(`${kind} is the pool whose window is the map`, async (t) => {
    const harness = await KernelHarness.create('plain', 16);
    for (const input of [map(1, 1, 3), map(7, 7, 5), map(5, 28, 13), map(14, 1, 4)]) {
      for (const batch of [1, 3]) {
        harness.reset();
        const output = map(1, 1, input.channels);
        const item: Case = {
          batch,
          input,
          kernel: [input.height, input.width],
          strides: [1, 1],
          same: false,
        };
        const options = { inputs: [input], output, batchMax: 4 };
        const lowered = LoweredNode.of(harness, lowerGlobalPool, { kind }, options);
        const x = randomValues(7, batch * elements(input)).map((v) => Math.round(v * 8) / 8);
        const dy = randomValues(8, batch * input.channels);
        const expected = oracle(item, kind === 'globalMaxPool', false, x, dy);
        lowered.setInput(0, x);
        t.ok(relativeError(lowered.forward(batch), expected.y) < 3e-7);
        lowered.backward(dy);
        t.ok(relativeError(lowered.inputGradient(0, batch), expected.dx) < 3e-7);
      }
    }
  });
}
