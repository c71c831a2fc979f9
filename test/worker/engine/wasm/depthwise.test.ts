import t from 'tap';
import { lowerDepthwise } from '#src/worker/engine/wasm/lowering/depthwise.js';
import type { DepthwiseNode, MapShape } from '#src/worker/engine/wasm/plan/lowering.js';
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
  readonly multiplier: number;
  readonly kernel: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly dilation?: readonly [number, number];
  readonly same?: boolean;
}

const map = (height: number, width: number, channels: number): MapShape => ({
  height,
  width,
  channels,
});

const CASES: readonly Case[] = [
  { batch: 1, input: map(1, 1, 1), multiplier: 1, kernel: [1, 1] },
  { batch: 3, input: map(14, 14, 5), multiplier: 1, kernel: [3, 3], same: true },
  { batch: 7, input: map(5, 7, 3), multiplier: 1, kernel: [3, 3] },
  { batch: 1, input: map(28, 28, 13), multiplier: 1, kernel: [5, 5], same: true },
  { batch: 3, input: map(7, 14, 4), multiplier: 1, kernel: [3, 3], strides: [2, 2], same: true },
  { batch: 3, input: map(9, 8, 6), multiplier: 1, kernel: [2, 4], strides: [1, 3] },
  { batch: 3, input: map(14, 9, 3), multiplier: 1, kernel: [3, 2], dilation: [2, 3], same: true },
  { batch: 3, input: map(7, 7, 3), multiplier: 2, kernel: [3, 3], same: true },
  { batch: 1, input: map(5, 14, 13), multiplier: 3, kernel: [3, 3] },
  { batch: 3, input: map(7, 5, 5), multiplier: 5, kernel: [2, 2], strides: [2, 1], same: true },
  { batch: 7, input: map(2, 2, 1), multiplier: 9, kernel: [3, 3], same: true },
  { batch: 1, input: map(2, 12, 2), multiplier: 4, kernel: [1, 5], same: true },
];

interface Lowerable {
  readonly node: DepthwiseNode;
  readonly output: MapShape;
}

function lowerable(item: Case, bias: boolean, relu: boolean): Lowerable {
  const strides = item.strides ?? [1, 1];
  const dilation = item.dilation ?? [1, 1];
  const axes = [item.input.height, item.input.width].map((length, axis) => {
    const reach = (item.kernel[axis]! - 1) * dilation[axis]! + 1;
    const stride = strides[axis]!;
    if (!item.same) return [Math.floor((length - reach) / stride) + 1, 0];
    const size = Math.ceil(length / stride);
    return [size, Math.floor(Math.max((size - 1) * stride + reach - length, 0) / 2)];
  });
  return {
    node: {
      kind: 'depthwiseConv2d',
      multiplier: item.multiplier,
      kernel: item.kernel,
      strides,
      dilation,
      pad: [axes[0]![1]!, axes[1]![1]!],
      bias,
      activation: relu ? 'relu' : 'linear',
      maskGradient: relu,
    },
    output: map(axes[0]![0]!, axes[1]![0]!, item.input.channels * item.multiplier),
  };
}

/** Plain loops in float64. */
function oracle(
  { batch, input }: Case,
  { node, output }: Lowerable,
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  bias: ArrayLike<number>,
  dy: ArrayLike<number>,
) {
  const y = new Float64Array(batch * elements(output));
  const dx = new Float64Array(batch * elements(input));
  const dw = new Float64Array(w.length);
  const db = new Float64Array(bias.length);
  for (let b = 0; b < batch; b++) {
    for (let oy = 0; oy < output.height; oy++) {
      for (let ox = 0; ox < output.width; ox++) {
        for (let o = 0; o < output.channels; o++) {
          const taps: [number, number][] = [];
          const c = Math.floor(o / node.multiplier);
          for (let ky = 0; ky < node.kernel[0]; ky++) {
            for (let kx = 0; kx < node.kernel[1]; kx++) {
              const iy = oy * node.strides[0] - node.pad[0] + ky * node.dilation[0];
              const ix = ox * node.strides[1] - node.pad[1] + kx * node.dilation[1];
              if (iy < 0 || ix < 0 || iy >= input.height || ix >= input.width) continue;
              taps.push([
                ((b * input.height + iy) * input.width + ix) * input.channels + c,
                (ky * node.kernel[1] + kx) * output.channels + o,
              ]);
            }
          }
          const at = ((b * output.height + oy) * output.width + ox) * output.channels + o;
          let sum = node.bias ? bias[o]! : 0;
          for (const [from, weight] of taps) sum += x[from]! * w[weight]!;
          const on = node.activation === 'linear' || sum > 0;
          y[at] = on ? sum : 0;
          if (!on) continue;
          db[o]! += dy[at]!;
          for (const [from, weight] of taps) {
            dx[from]! += dy[at]! * w[weight]!;
            dw[weight]! += dy[at]! * x[from]!;
          }
        }
      }
    }
  }
  return { y, dx, dw, db };
}

for (const build of ['plain', 'relaxed'] as const) {
  for (const [bias, relu] of [
    [false, false],
    [true, false],
    [true, true],
  ] as const) {
    const title = `depthwise convolution agrees with float64 (${build}, bias ${bias}, ReLU ${relu})`;
    t.test(title, async (t) => {
      const harness = await KernelHarness.create(build, 16);
      for (const item of CASES) {
        harness.reset();
        const name = JSON.stringify(item);
        const { node, output } = lowerable(item, bias, relu);
        const x = randomValues(11, item.batch * elements(item.input));
        const taps = item.kernel[0] * item.kernel[1];
        const kernel = randomValues(12, taps * output.channels);
        const shift = randomValues(13, output.channels);
        const dy = randomValues(14, item.batch * elements(output));
        const expected = oracle(item, { node, output }, x, kernel, shift, dy);
        const lowered = LoweredNode.of(harness, lowerDepthwise, node, {
          inputs: [item.input],
          output,
          batchMax: 8,
          weights: bias ? { kernel, bias: shift } : { kernel },
        });
        lowered.setInput(0, x);
        lowered.prepare(3);
        // Against the size of the terms: a single output may be a small difference of them.
        const y = lowered.forward(item.batch);
        t.ok(
          y.every((v, i) => Math.abs(v - expected.y[i]!) < 1e-6 * taps),
          `${name}: y`,
        );
        lowered.backward(dy);
        const dx = lowered.inputGradient(0, item.batch);
        t.ok(relativeError(dx, expected.dx) < 2e-6, `${name}: dx`);
        t.ok(relativeError(lowered.gradient('kernel'), expected.dw) < 2e-6, `${name}: dw`);
        if (bias) t.ok(relativeError(lowered.gradient('bias'), expected.db) < 1e-6, `${name}: db`);
        t.ok(lowered.rowGapsIntact(), `${name}: nothing beside the gradients is written`);
      }
    });
  }
}

t.test('what stands in lanes past the channels changes no bit', async (t) => {
  const harness = await KernelHarness.create('plain', 4);
  for (const item of CASES) {
    const { node, output } = lowerable(item, true, true);
    const x = randomValues(21, item.batch * elements(item.input));
    const dy = randomValues(22, item.batch * elements(output));
    const weights = {
      kernel: randomValues(23, item.kernel[0] * item.kernel[1] * output.channels),
      bias: randomValues(24, output.channels),
    };
    const [one, other] = [0, -1e30].map((garbage) => {
      harness.reset();
      const lowered = LoweredNode.of(harness, lowerDepthwise, node, {
        inputs: [item.input],
        output,
        batchMax: 7,
        weights,
      });
      lowered.setInput(0, x, garbage);
      lowered.prepare();
      const y = lowered.forward(item.batch);
      lowered.backward(dy, {}, garbage);
      const gradients = ['kernel', 'bias'].map((role) => lowered.gradient(role));
      return [y, lowered.inputGradient(0, item.batch), ...gradients];
    });
    t.same(one, other, JSON.stringify(item));
  }
});
