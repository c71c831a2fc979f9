/**
 * tfjs-node as a rival: `model.fit` on its own backend and its binding as published, compiled
 * against the TensorFlow that Lockstep's engine runs on (`install-rivals.mjs`), since what npm
 * would download is five years older. Threads as TensorFlow has them: all processors.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CATALOGUE } from '../../dist/shared/model/catalogue.js';
import { tf } from '../../dist/shared/model/tfjs.js';
import { nodeBackend } from '../../dist/worker/engine/tensorflow/compile/kernels.js';
import { tfjsNode } from '../lib/places.mjs';

const { values } = parseArgs({
  options: { model: { type: 'string' }, batch: { type: 'string' }, data: { type: 'string' } },
});
const batch = Number(values.batch);
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
const load = createRequire(import.meta.url);
const binding = load(join(tfjsNode, 'tfjs_binding.node'));
const package_ = join(load.resolve('@tensorflow/tfjs-node-gpu/package.json'), '..');
nodeBackend(package_, binding);
await tf.setBackend('tensorflow');

const built = CATALOGUE[values.model].build({ height: 28, width: 28, channels: 1 }, 10);
const model = await tf.models.modelFromJSON(JSON.parse(built.toJSON()));
model.compile({ optimizer: tf.train.adam(0.001), loss: 'categoricalCrossentropy' });
const pixels = readFileSync(join(values.data, 'train-pixels.u8'));
const labels = readFileSync(join(values.data, 'train-labels.u8'));
let position = 0;

/** The next so many samples, as tensors. */
function next(count) {
  if (position + count > labels.length) position = 0;
  const first = position;
  position += count;
  const bytes = pixels.subarray(first * 784, (first + count) * 784);
  return tf.tidy(() => [
    tf.tensor4d(
      Float32Array.from(bytes, (pixel) => pixel / 255),
      [count, 28, 28, 1],
    ),
    tf.cast(tf.oneHot(tf.tensor1d(labels.subarray(first, first + count), 'int32'), 10), 'float32'),
  ]);
}

async function steps(count) {
  const [x, y] = next(count * batch);
  const began = performance.now();
  await model.fit(x, y, { batchSize: batch, epochs: 1, verbose: 0, shuffle: false });
  const seconds = (performance.now() - began) / 1000;
  tf.dispose([x, y]);
  return { seconds, samples: count * batch };
}

await steps(1);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const parameters = model.trainableWeights.reduce(
  (sum, { shape }) => sum + tf.util.sizeFromShape(shape),
  0,
);
say({ ready: true, tensorflow: binding.TF_Version, parameters, ...values });
for await (const line of createInterface({ input: process.stdin })) {
  const [command, count] = line.split(' ');
  if (command === 'quit') break;
  say(await steps(Number(count)));
}
process.exit(0);
