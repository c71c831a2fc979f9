import t from 'tap';
import { lowerActivation } from '#src/worker/engine/wasm/lowering/activation.js';
import type { ActivationNode } from '#src/worker/engine/wasm/plan/lowering.js';
import {
  KernelHarness,
  LoweredNode,
  elements,
  randomValues,
  relativeError,
} from '../../../support/kernel-harness.js';

type Name = Exclude<ActivationNode['function'], 'softmax'>;

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** erf by Abramowitz & Stegun 7.1.26, as TensorFlow.js has it. */
function erf(x: number): number {
  const s = 1 / (1 + 0.3275911 * Math.abs(x));
  const p =
    s *
    (0.254829592 + s * (-0.284496736 + s * (1.421413741 + s * (-1.453152027 + s * 1.061405429))));
  return Math.sign(x) * (1 - p * Math.exp(-x * x));
}

const SCALE = 1.0507009873554805;
const SCALE_ALPHA = 1.7580993408473768;
const ALPHA = 0.3;

const FUNCTIONS: Record<Name, (x: number) => number> = {
  relu: (x) => Math.max(x, 0),
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  leakyRelu: (x) => (x > 0 ? x : ALPHA * x),
  elu: (x) => (x > 0 ? x : ALPHA * Math.expm1(x)),
  selu: (x) => (x > 0 ? SCALE * x : SCALE_ALPHA * Math.expm1(x)),
  sigmoid,
  hardSigmoid: (x) => Math.min(Math.max(0.2 * x + 0.5, 0), 1),
  tanh: Math.tanh,
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  softsign: (x) => x / (1 + Math.abs(x)),
  swish: (x) => x * sigmoid(x),
  gelu: (x) => x * 0.5 * (1 + erf(x / Math.SQRT2)),
};

const SHAPES = [
  { height: 1, width: 1, channels: 1 },
  { height: 5, width: 3, channels: 5 },
  { height: 7, width: 14, channels: 13 },
];

for (const name of Object.keys(FUNCTIONS) as Name[]) {
  t.test(`${name} and its gradient agree with float64`, async (t) => {
    const harness = await KernelHarness.create('plain', 4);
    const f = FUNCTIONS[name];
    for (const shape of SHAPES) {
      for (const batch of [1, 3, 7]) {
        harness.reset();
        const node: ActivationNode = { kind: 'activation', function: name, alpha: ALPHA };
        const options = { inputs: [shape], output: shape, batchMax: 8 };
        const lowered = LoweredNode.of(harness, lowerActivation, node, options);
        const length = batch * elements(shape);
        // Away from the kinks, where a difference quotient says nothing.
        const x = randomValues(length, length).map((v) => {
          const wide = v * 9;
          const kinks = [0, 6, 2.5, -2.5];
          return kinks.some((kink) => Math.abs(wide - kink) < 2e-3) ? wide + 0.01 : wide;
        });
        const dy = randomValues(length + 1, length);
        lowered.setInput(0, x);
        const y = lowered.forward(batch);
        t.ok(relativeError(y, Array.from(x, f)) < 3e-7, `${name} of ${length}`);
        lowered.backward(dy);
        const h = 1e-5;
        const slopes = Array.from(x, (v, i) => (dy[i]! * (f(v + h) - f(v - h))) / (2 * h));
        const dx = lowered.inputGradient(0, batch);
        const close = dx.every((v, i) => Math.abs(v - slopes[i]!) < 2e-6);
        t.ok(close, `${name}'s gradient`);
      }
    }
  });
}

t.test('at 0 the gradient is what TensorFlow.js has', async (t) => {
  const harness = await KernelHarness.create('plain', 1);
  const shape = { height: 1, width: 1, channels: 2 };
  const at0 = { relu: 0, relu6: 0, leakyRelu: ALPHA, elu: 1, selu: Math.fround(SCALE) } as const;
  for (const [name, slope] of Object.entries(at0)) {
    const node: ActivationNode = { kind: 'activation', function: name as Name, alpha: ALPHA };
    const options = { inputs: [shape], output: shape, batchMax: 1 };
    const lowered = LoweredNode.of(harness, lowerActivation, node, options);
    lowered.setInput(0, [0, -0]);
    lowered.forward(1);
    lowered.backward([1, 1]);
    t.same([...lowered.inputGradient(0, 1)], [Math.fround(slope), Math.fround(slope)], name);
  }
});

t.test('extremes stay finite where the function does', async (t) => {
  const harness = await KernelHarness.create('plain', 1);
  const shape = { height: 1, width: 1, channels: 4 };
  for (const name of Object.keys(FUNCTIONS) as Name[]) {
    const node: ActivationNode = { kind: 'activation', function: name, alpha: ALPHA };
    const options = { inputs: [shape], output: shape, batchMax: 1 };
    const lowered = LoweredNode.of(harness, lowerActivation, node, options);
    lowered.setInput(0, [3e38, -3e38, 1e-42, -1e-42]);
    const y = lowered.forward(1);
    const selu = name === 'selu' ? [Infinity] : [];
    t.ok(
      y.every((value) => Number.isFinite(value) || selu.includes(value)),
      `${name}: ${[...y]}`,
    );
    lowered.backward([1, 1, 1, 1]);
    t.ok(lowered.inputGradient(0, 1).every(Number.isFinite), `${name}'s gradient`);
  }
});

t.test('NaN passes through relu and relu6', async (t) => {
  const harness = await KernelHarness.create('plain', 1);
  const shape = { height: 1, width: 1, channels: 1 };
  for (const name of ['relu', 'relu6'] as const) {
    const node: ActivationNode = { kind: 'activation', function: name, alpha: 0 };
    const options = { inputs: [shape], output: shape, batchMax: 1 };
    const lowered = LoweredNode.of(harness, lowerActivation, node, options);
    lowered.setInput(0, [NaN]);
    t.ok(Number.isNaN(lowered.forward(1)[0]));
  }
});

t.test('softmax over channels, and its gradient, agree with float64', async (t) => {
  const harness = await KernelHarness.create('plain', 4);
  const shapes = [
    { height: 1, width: 1, channels: 1 },
    { height: 2, width: 5, channels: 3 },
    { height: 1, width: 1, channels: 13 },
    { height: 7, width: 2, channels: 8 },
  ];
  for (const shape of shapes) {
    for (const batch of [1, 3]) {
      harness.reset();
      const node: ActivationNode = { kind: 'activation', function: 'softmax', alpha: 0 };
      const options = { inputs: [shape], output: shape, batchMax: 3 };
      const lowered = LoweredNode.of(harness, lowerActivation, node, options);
      const length = batch * elements(shape);
      const c = shape.channels;
      const x = randomValues(length, length).map((v) => v * 30);
      const dy = randomValues(length + 1, length);
      const y = new Float64Array(length);
      const dx = new Float64Array(length);
      for (let at = 0; at < length; at += c) {
        const row = Array.from(x.subarray(at, at + c));
        const exps = row.map((v) => Math.exp(v - Math.max(...row)));
        const sum = exps.reduce((a, b) => a + b);
        const inner = exps.reduce((total, e, i) => total + (e / sum) * dy[at + i]!, 0);
        exps.forEach((e, i) => {
          y[at + i] = e / sum;
          dx[at + i] = (e / sum) * (dy[at + i]! - inner);
        });
      }
      lowered.setInput(0, x);
      t.ok(relativeError(lowered.forward(batch), y) < 3e-7);
      lowered.backward(dy);
      const got = lowered.inputGradient(0, batch);
      t.ok(got.every((v, i) => Math.abs(v - dx[i]!) < 3e-7));
    }
  }
});
