/**
 * TensorFlow.js as it comes from npm, as a contender: `model.fit` on the backend that can train
 * convolutions in Node without a native library, which is `cpu`. The `wasm` backend has no
 * gradient for convolutions, and `webgl` needs a browser.
 *
 * A step is one batch of `model.fit`. The real images, float32 in [0, 1], are in memory.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { CATALOGUE } from '../../dist/shared/model/catalogue.js';

const { values } = parseArgs({
  options: { model: { type: 'string' }, batch: { type: 'string' }, data: { type: 'string' } },
});
const batch = Number(values.batch);
await tf.setBackend('cpu');
await tf.ready();

// The same layers, with weights that tfjs draws itself.
const built = CATALOGUE[values.model].build({ height: 28, width: 28, channels: 1 }, 10);
const model = await tf.models.modelFromJSON(JSON.parse(built.toJSON()));
model.compile({
  optimizer: tf.train.adam(0.001),
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
});

const pixels = readFileSync(join(values.data, 'train-pixels.u8'));
const labels = readFileSync(join(values.data, 'train-labels.u8'));
let position = 0;

/** The next so many samples, as tensors. */
function next(count) {
  if (position + count > labels.length) position = 0;
  const first = position;
  position += count;
  const scaled = Float32Array.from(
    pixels.subarray(first * 784, (first + count) * 784),
    (pixel) => pixel / 255,
  );
  return [
    tf.tensor4d(scaled, [count, 28, 28, 1]),
    tf.tensor1d(Float32Array.from(labels.subarray(first, first + count))),
  ];
}

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
say({
  ready: true,
  tfjs: tf.version.tfjs,
  backend: tf.getBackend(),
  parameters: model.trainableWeights.reduce(
    (sum, { shape }) => sum + tf.util.sizeFromShape(shape),
    0,
  ),
  ...values,
});
for await (const line of createInterface({ input: process.stdin })) {
  const [command, steps] = line.split(' ');
  if (command === 'quit') break;
  const samples = Number(steps) * batch;
  const [x, y] = next(samples);
  const began = performance.now();
  const history = await model.fit(x, y, { batchSize: batch, epochs: 1, verbose: 0 });
  const seconds = (performance.now() - began) / 1000;
  tf.dispose([x, y]);
  say({ seconds, samples, loss: history.history.loss[0] });
}
process.exit(0);
