import * as tf from '@tensorflow/tfjs';
import t from 'tap';
import { CATALOGUE } from '#src/shared/model/catalogue.js';
import { rowLayout } from '#src/shared/model/layout.js';
import { wasmEngine } from '#src/worker/engine/wasm/engine.js';
import { float64Loss } from './float64.js';
import { bench, randomBatch, randomWeights, rowErrors } from './harness.js';

const SEED = 7;

// The reference and the witness are slow where cores are busy.
t.setTimeout(240_000);

void t.test('every gradient of a small model is the finite difference in float64', async (t) => {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [4, 4, 1],
        filters: 3,
        kernelSize: 3,
        padding: 'same',
        useBias: false,
      }),
      tf.layers.batchNormalization({ epsilon: 0.01 }),
      tf.layers.activation({ activation: 'sigmoid' }),
      tf.layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
      tf.layers.dropout({ rate: 0.2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3 }),
    ],
  });
  const layout = rowLayout(model);
  const weights = randomWeights(layout, 5);
  const batch = randomBatch(model, 5, 5);
  const { row } = await (await bench(wasmEngine, model, { weights, seed: SEED })).gradients(batch);

  const loss = float64Loss(model, layout, SEED);
  const values = Float64Array.from(weights);
  const expected = row.slice();
  const h = 1e-5;
  for (let i = 0; i < layout.trainableLength; i++) {
    const kept = values[i]!;
    values[i] = kept + h;
    const above = loss(values, batch);
    values[i] = kept - h;
    const below = loss(values, batch);
    values[i] = kept;
    expected[i] = (above - below) / (2 * h);
  }
  expected[layout.lossOffset] = loss(values, batch);
  t.same(
    rowErrors(layout, row, expected).filter(({ error }) => !(error < 2e-6)),
    [],
  );
});

void t.test('lenet5 falls along its gradients as they say, in float64', async (t) => {
  const model = CATALOGUE.lenet5.build({ height: 7, width: 7, channels: 1 }, 10);
  const layout = rowLayout(model);
  const weights = randomWeights(layout, 1);
  const batch = randomBatch(model, 16, 1);
  const options = { weights, seed: SEED, microBatch: 16 };
  const { row } = await (await bench(wasmEngine, model, options)).gradients(batch);
  const loss = float64Loss(model, layout, SEED);
  const h = 1e-7;
  for (const role of ['kernel', 'bias', 'gamma', 'beta']) {
    // Along the gradient of every such weight at once, each normed to 1: the slope is their sum.
    const direction = new Float64Array(layout.weightsLength);
    let actual = 0;
    for (const { label, offset, length } of layout.trainable) {
      if (!label.endsWith(`/${role}`)) continue;
      const gradient = Float64Array.from(row.subarray(offset, offset + length));
      const norm = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
      direction.set(
        gradient.map((value) => value / norm),
        offset,
      );
      actual += norm;
    }
    const shifted = (step: number) =>
      loss(
        direction.map((value, i) => weights[i]! + step * value),
        batch,
      );
    const expected = (shifted(h) - shifted(-h)) / (2 * h);
    const error = Math.abs(actual / expected - 1);
    t.ok(error < 1e-5, `${role}: ${error.toExponential(1)}`);
  }
});
