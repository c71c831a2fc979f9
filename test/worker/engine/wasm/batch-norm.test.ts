import t from 'tap';
import { momentumTerm, power } from '#src/shared/numerics/momentum-term.js';
import { lowerBatchNorm } from '#src/worker/engine/wasm/lowering/batch-norm.js';
import type { BatchNormNode, MapShape } from '#src/worker/engine/wasm/plan/lowering.js';
import {
  KernelHarness,
  LoweredNode,
  elements,
  randomValues,
  relativeError,
} from '../../../support/kernel-harness.js';

const EPSILON = 1e-3;

const SHAPES: readonly (readonly [batch: number, shape: MapShape])[] = [
  [3, { height: 1, width: 1, channels: 1 }],
  [7, { height: 1, width: 1, channels: 13 }],
  [1, { height: 2, width: 1, channels: 3 }],
  [1, { height: 5, width: 5, channels: 5 }],
  [3, { height: 7, width: 7, channels: 4 }],
  [7, { height: 14, width: 14, channels: 3 }],
  [3, { height: 28, width: 28, channels: 6 }],
  [7, { height: 5, width: 13, channels: 1 }],
];

interface Oracle {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly y: Float64Array;
  readonly dx: Float64Array;
  readonly dGamma: Float64Array;
  readonly dBeta: Float64Array;
}

/** All of it in float64, by the textbook. Values are [n][channels]. */
function oracle(
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
  channels: number,
  gamma: ArrayLike<number> | null,
  beta: ArrayLike<number> | null,
): Oracle {
  const n = x.length / channels;
  const out = {
    mean: new Float64Array(channels),
    variance: new Float64Array(channels),
    y: new Float64Array(x.length),
    dx: new Float64Array(x.length),
    dGamma: new Float64Array(channels),
    dBeta: new Float64Array(channels),
  };
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += x[i * channels + c]!;
    const mean = sum / n;
    let squares = 0;
    for (let i = 0; i < n; i++) squares += (x[i * channels + c]! - mean) ** 2;
    const variance = squares / n;
    const inverse = 1 / Math.sqrt(variance + EPSILON);
    const scale = gamma ? gamma[c]! : 1;
    let dBeta = 0;
    let dGamma = 0;
    for (let i = 0; i < n; i++) {
      const at = i * channels + c;
      const normal = (x[at]! - mean) * inverse;
      out.y[at] = normal * scale + (beta ? beta[c]! : 0);
      dBeta += dy[at]!;
      dGamma += dy[at]! * normal;
    }
    for (let i = 0; i < n; i++) {
      const at = i * channels + c;
      const normal = (x[at]! - mean) * inverse;
      out.dx[at] = scale * inverse * (dy[at]! - dBeta / n - (normal * dGamma) / n);
    }
    out.mean[c] = mean;
    out.variance[c] = variance;
    out.dBeta[c] = dBeta;
    out.dGamma[c] = dGamma;
  }
  return out;
}

function lower(
  harness: KernelHarness,
  shape: MapShape,
  batchMax: number,
  affine = true,
  frozen: string[] = [],
): LoweredNode {
  const node: BatchNormNode = {
    kind: 'batchNorm',
    activation: 'linear',
    pool: null,
    dropout: null,
    epsilon: EPSILON,
    momentum: 0.9,
    scale: affine,
    center: affine,
  };
  const c = shape.channels;
  const weights: Record<string, Float32Array> = {
    movingMean: randomValues(5, c),
    movingVariance: randomValues(6, c).map((v) => v + 1.5),
  };
  if (affine) {
    weights['gamma'] = randomValues(7, c).map((v) => v + 1.25);
    weights['beta'] = randomValues(8, c);
  }
  return LoweredNode.of(harness, lowerBatchNorm, node, {
    inputs: [shape],
    output: shape,
    batchMax,
    weights,
    frozen,
  });
}

const spread = (values: Float32Array, mean: number, scale: number) =>
  values.map((value, i) => value * scale + mean * (1 + (i % 3)));

for (const affine of [true, false]) {
  t.test(`batch norm agrees with float64, gamma and beta ${affine}`, async (t) => {
    const harness = await KernelHarness.create('plain', 16);
    for (const [batch, shape] of SHAPES) {
      harness.reset();
      const name = `${batch} × ${shape.height}×${shape.width}×${shape.channels}`;
      const node = lower(harness, shape, 8, affine);
      const { weights } = node.options;
      const length = batch * elements(shape);
      const x = spread(randomValues(length + 3, length), 2, 0.7);
      const dy = randomValues(length + 4, length);
      const [gamma, beta] = affine ? [weights!['gamma']!, weights!['beta']!] : [null, null];
      const expected = oracle(x, dy, shape.channels, gamma, beta);

      node.setInput(0, x);
      const y = node.forward(batch, { momentumTerm: 0.1 });
      t.ok(relativeError(y, expected.y) < 1e-6, `${name}: y`);
      const weight = Math.fround(0.1);
      const mean = expected.mean.map((v) => v * weight);
      const variance = expected.variance.map((v) => v * weight);
      t.ok(relativeError(node.gradient('movingMean'), mean) < 3e-7, `${name}: mean`);
      t.ok(relativeError(node.gradient('movingVariance'), variance) < 5e-7, `${name}: variance`);

      node.backward(dy, { momentumTerm: 0.1 });
      t.ok(relativeError(node.inputGradient(0, batch), expected.dx) < 2e-6, `${name}: dx`);
      if (affine) {
        t.ok(relativeError(node.gradient('gamma'), expected.dGamma) < 2e-6, `${name}: dGamma`);
        t.ok(relativeError(node.gradient('beta'), expected.dBeta) < 1e-6, `${name}: dBeta`);
      }
      t.ok(node.rowGapsIntact(), `${name}: nothing beside the gradients is written`);

      const moving = weights!;
      const inference = Array.from(x, (value, i) => {
        const c = i % shape.channels;
        const normal =
          (value - moving['movingMean']![c]!) / Math.sqrt(moving['movingVariance']![c]! + EPSILON);
        return affine ? normal * gamma![c]! + beta![c]! : normal;
      });
      t.ok(relativeError(node.inference(batch), inference) < 5e-7, `${name}: inference`);
    }
  });
}

t.test('the gradients of batch norm are those of finite differences', async (t) => {
  const harness = await KernelHarness.create('plain', 2);
  const shape = { height: 3, width: 2, channels: 3 };
  const node = lower(harness, shape, 2);
  const x = randomValues(21, 36);
  const dy = randomValues(22, 36);
  const { weights } = node.options;
  const loss = (values: ArrayLike<number>) => {
    const { y } = oracle(values, dy, 3, weights!['gamma']!, weights!['beta']!);
    return y.reduce((sum, value, i) => sum + value * dy[i]!, 0);
  };
  node.setInput(0, x);
  node.forward(2, { momentumTerm: 1 });
  node.backward(dy);
  const dx = node.inputGradient(0, 2);
  for (let i = 0; i < x.length; i++) {
    const up = Float64Array.from(x);
    const down = Float64Array.from(x);
    up[i]! += 1e-4;
    down[i]! -= 1e-4;
    const slope = (loss(up) - loss(down)) / 2e-4;
    t.ok(Math.abs(dx[i]! - slope) < 1e-5, `element ${i}: ${dx[i]} against ${slope}`);
  }
});

t.test('a large mean does not spoil the variance', async (t) => {
  const harness = await KernelHarness.create('plain', 8);
  const shape = { height: 28, width: 28, channels: 5 };
  const node = lower(harness, shape, 3);
  const x = spread(randomValues(31, 3 * elements(shape)), 1000, 0.5);
  const expected = oracle(x, x, 5, null, null);
  node.setInput(0, x);
  node.forward(3, { momentumTerm: 1 });
  t.ok(relativeError(node.gradient('movingVariance'), expected.variance) < 1e-6);
  t.ok(relativeError(node.gradient('movingMean'), expected.mean) < 1e-7);
});

t.test('what stands in lanes past the channels changes no bit', async (t) => {
  const harness = await KernelHarness.create('plain', 2);
  const shape = { height: 3, width: 5, channels: 5 };
  const x = randomValues(41, 3 * 75);
  const results = [0, 1e30, -3e38].map((garbage) => {
    harness.reset();
    const node = lower(harness, shape, 3);
    node.setInput(0, x, garbage);
    const y = node.forward(3, { momentumTerm: 1 });
    node.backward(x, {}, garbage);
    return [y, node.inputGradient(0, 3), node.gradient('gamma'), node.gradient('movingVariance')];
  });
  t.same(results[1], results[0]);
  t.same(results[2], results[0]);
});

t.test('frozen weights get no gradient, and the rest is as before', async (t) => {
  const harness = await KernelHarness.create('plain', 2);
  const shape = { height: 2, width: 2, channels: 5 };
  const frozen = ['gamma', 'movingMean', 'movingVariance'];
  const node = lower(harness, shape, 2, true, frozen);
  const before = frozen.map((role) => node.gradient(role));
  const x = randomValues(51, 40);
  node.setInput(0, x);
  node.forward(2, { momentumTerm: 1 });
  node.backward(x);
  t.same(
    frozen.map((role) => node.gradient(role)),
    before,
  );
  t.ok(relativeError(node.gradient('beta'), oracle(x, x, 5, null, null).dBeta) < 1e-6);
});

t.test('terms of k micro-batches, summed in a tree, equal k updates one by one', async (t) => {
  const harness = await KernelHarness.create('plain', 4);
  const shape = { height: 3, width: 3, channels: 5 };
  const rho = 0.9;
  for (const k of [1, 2, 3, 5, 8, 13]) {
    harness.reset();
    const node = lower(harness, shape, 3);
    const start = randomValues(61, 5);
    const oneByOne = Float64Array.from(start);
    const rows: Float32Array[] = [];
    for (let i = 0; i < k; i++) {
      const x = spread(randomValues(70 + i, 3 * 45), i, 1);
      const { mean } = oracle(x, x, 5, null, null);
      mean.forEach((value, c) => (oneByOne[c] = rho * oneByOne[c]! + (1 - rho) * value));
      node.setInput(0, x);
      node.forward(3, { momentumTerm: momentumTerm(rho, i, k) });
      rows.push(node.gradient('movingMean'));
    }
    // Neighbours in pairs, an odd one passed up.
    let level = rows;
    while (level.length > 1) {
      level = level.flatMap((row, i) =>
        i % 2 ? [] : [level[i + 1] ? row.map((v, c) => v + level[i + 1]![c]!) : row],
      );
    }
    const moving = harness.allocate(20);
    const terms = harness.allocate(20);
    harness.floats(moving, 5).set(start);
    harness.floats(terms, 5).set(level[0]!);
    harness.kernel('movingStatisticsStep')(moving, terms, 5, power(rho, k));
    t.ok(relativeError(harness.floats(moving, 5), oneByOne) < 1e-6, `${k} micro-batches`);
  }
});
