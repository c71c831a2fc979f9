import t from 'tap';
import { lowerConv2d } from '#src/worker/engine/wasm/lowering/conv2d.js';
import type { BatchNormNode, Conv2dNode } from '#src/worker/engine/wasm/plan/lowering.js';
import {
  convCase,
  convForward,
  convGradients,
  kernelElements,
} from '../../../support/conv-oracle.js';
import { KernelHarness, LoweredNode, elements, randomValues, relativeError } from '../../../support/kernel-harness.js'; // prettier-ignore

// The batch norm of a first layer is computed from the Gram matrix of the patches. Here against the
// textbook: the whole map in float64, its mean and variance, and the gradient through both.
const harness = await KernelHarness.create('plain', 48);
const EPSILON = 1e-3;
const MOMENTUM_TERM = 0.0625;

const CASES = [
  { batch: 3, side: 28, outputs: 32, bias: false, relu: true, padding: 'same' },
  { batch: 7, side: 9, outputs: 13, bias: true, relu: true, padding: 'valid' },
  { batch: 2, side: 11, outputs: 5, bias: false, relu: false, padding: 'same' },
  { batch: 1, side: 6, outputs: 8, bias: true, relu: true, padding: 'same' },
] as const;

const norm: BatchNormNode = {
  kind: 'batchNorm',
  activation: 'linear',
  pool: null,
  dropout: null,
  epsilon: EPSILON,
  momentum: 0.9,
  scale: true,
  center: true,
};

for (const { batch, side, outputs, bias, relu, padding } of CASES) {
  const title = `${batch} × ${side}×${side}, ${padding}, ${outputs} channels${bias ? ', bias' : ''}`;
  for (const frozen of [false, true]) {
    void t.test(`${title}, ${frozen ? 'frozen' : 'trained'} batch norm`, async (t) => {
      const c = convCase(batch, [side, side, 1], outputs, [3, 3], padding);
      const map = c.output;
      const half = { height: map.height >> 1, width: map.width >> 1, channels: outputs };
      const weights = {
        kernel: randomValues(1, kernelElements(c)),
        bias: randomValues(2, outputs),
        gamma: randomValues(3, outputs), // some below zero
        beta: randomValues(4, outputs),
        movingMean: randomValues(5, outputs),
        movingVariance: randomValues(6, outputs).map((value) => 1 + value / 2),
      };
      harness.reset();
      const node: Conv2dNode = {
        kind: 'conv2d',
        kernel: c.kernel,
        strides: c.strides,
        dilation: c.dilation,
        pad: c.pad,
        bias,
        activation: relu ? 'relu' : 'linear',
        maskGradient: false,
        norm,
        pool: { window: { kernel: [2, 2], strides: [2, 2], dilation: [1, 1], pad: [0, 0] }, map },
      };
      const lowered = LoweredNode.of(harness, lowerConv2d, node, {
        inputs: [c.input],
        output: half,
        batchMax: batch,
        weights,
        frozen: frozen ? ['gamma', 'beta', 'movingMean', 'movingVariance'] : [],
        inputGradients: [false],
      });
      t.equal(lowered.lowered.forward[0]?.kernel, 'firstLayerImages');
      const x = randomValues(7, batch * elements(c.input)).map((value) => Math.abs(value));
      const dy = randomValues(8, batch * elements(half));
      lowered.prepare();
      lowered.setInput(0, x);
      const y = lowered.forward(batch, { momentumTerm: MOMENTUM_TERM });
      lowered.backward(dy);

      // The textbook, channels last.
      const none = new Float32Array(outputs);
      const z = convForward(c, x, weights.kernel, bias ? weights.bias : none, false);
      const n = batch * map.height * map.width;
      const at = (values: ArrayLike<number>, i: number) => Number(values[i % outputs]);
      const sums = (term: (value: number, i: number) => number) => {
        const total = new Float64Array(outputs);
        z.forEach((value, i) => (total[i % outputs]! += term(value, i)));
        return total;
      };
      const mean = frozen ? weights.movingMean : sums((v) => v / n);
      const variance = frozen ? weights.movingVariance : sums((v, i) => (v - at(mean, i)) ** 2 / n);
      const sigma = Array.from(variance, (value) => Math.sqrt(value + EPSILON));
      const normal = Float64Array.from(z, (v, i) => (v - at(mean, i)) / at(sigma, i));
      const act = normal.map((v, i) => {
        const value = at(weights.gamma, i) * v + at(weights.beta, i);
        return relu ? Math.max(0, value) : value;
      });
      const gradient = new Float64Array(z.length);
      const pooled = dy.map((g, i) => {
        const channel = i % outputs;
        const pixel = Math.floor(i / outputs);
        const ox = pixel % half.width;
        const oy = Math.floor(pixel / half.width) % half.height;
        const b = Math.floor(pixel / (half.width * half.height));
        const places = [0, 1, 2, 3].map((k) => {
          const row = (b * map.height + 2 * oy + (k >> 1)) * map.width + 2 * ox + (k & 1);
          return row * outputs + channel;
        });
        const best = places.reduce((a, p) => (act[p]! > act[a]! ? p : a));
        if (!relu || act[best]! > 0) gradient[best] = g;
        return act[best]!;
      });
      const dBeta = sums((_, i) => gradient[i]!);
      const dGamma = sums((_, i) => gradient[i]! * normal[i]!);
      const dz = Float32Array.from(gradient, (g, i) => {
        const through = frozen ? g : g - at(dBeta, i) / n - (normal[i]! * at(dGamma, i)) / n;
        return (at(weights.gamma, i) / at(sigma, i)) * through;
      });
      const expected = convGradients(c, x, weights.kernel, dz);

      const near = (what: string, found: ArrayLike<number>, truth: ArrayLike<number>) => {
        const error = relativeError(found, truth);
        t.ok(error < 1e-5, `${what}: ${error}`);
      };
      near('pooled', y, pooled);
      near('kernel', lowered.gradient('kernel'), expected.kernel);
      if (!frozen) {
        near('gamma', lowered.gradient('gamma'), dGamma);
        near('beta', lowered.gradient('beta'), dBeta);
        const scaled = (values: ArrayLike<number>) =>
          Array.from(values, (value) => value * MOMENTUM_TERM);
        near('mean', lowered.gradient('movingMean'), scaled(mean));
        near('variance', lowered.gradient('movingVariance'), scaled(variance));
        if (bias) t.ok(lowered.gradient('bias').every((value) => value === 0));
      } else if (bias) near('bias', lowered.gradient('bias'), expected.bias);
      t.ok(lowered.rowGapsIntact(), 'nothing is written around the gradients');
    });
  }
}
