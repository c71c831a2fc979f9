import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { loadModel } from '#src/coordinator/model/load-model.js';
import { saveModel } from '#src/coordinator/model/save-model.js';
import { CATALOGUE } from '#src/shared/model/catalogue.js';
import { initialWeights } from '#src/shared/model/initial-weights.js';
import { readWeights, rowLayout, writeWeights } from '#src/shared/model/layout.js';
import { tf } from '#src/shared/model/tfjs.js';

const PLAIN = fileURLToPath(new URL('./plain-tfjs-predict.js', import.meta.url));
const FASHION = { height: 28, width: 28, channels: 1 };

/** What the plain program prints, computed here. */
function predictions(model: LayersModel): number[] {
  const shape = model.inputs[0]!.shape.map((size) => size ?? 2);
  const size = shape.reduce((product, length) => product * length, 1);
  const images = Float32Array.from({ length: size }, (_, i) => ((i * 7) % 256) / 255);
  return [...(model.predict(tf.tensor(images, shape)) as Tensor).dataSync()];
}

/** Weights in which every moving variance is positive and nothing is at its start value. */
function someWeights(model: LayersModel): Float32Array {
  const layout = rowLayout(model);
  const weights = initialWeights(model, layout, 5, 'seeded');
  return weights.map((value, i) => value + ((i % 5) - 1.5) / 2000);
}

function nested(): LayersModel {
  const inner = tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [6, 6, 2], trainable: false }),
      tf.layers.batchNormalization(),
    ],
  });
  const x = tf.input({ shape: [6, 6, 2] });
  const flat = tf.layers.flatten().apply(inner.apply(x));
  const output = tf.layers.dense({ units: 4, activation: 'softmax' }).apply(flat);
  return tf.model({ inputs: x, outputs: output as never });
}

t.test('a plain tfjs program loads a saved model and predicts the same', async (t) => {
  for (const model of [CATALOGUE.cnn2bn.build(FASHION, 10), nested()]) {
    const folder = t.testdir();
    const layout = rowLayout(model);
    const weights = someWeights(model);
    await saveModel(model, layout, weights, folder);
    const printed = execFileSync(process.execPath, [PLAIN, join(folder, 'model.json')], {
      encoding: 'utf8',
    });
    writeWeights(model, layout, weights);
    const own = predictions(model);
    t.same(JSON.parse(printed.trim().split('\n').at(-1)!), own);
    t.ok(new Set(own).size > 2, 'predictions differ between classes');
  }
});

t.test('the files are the same bytes for the same weights', async (t) => {
  const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
  const folder = t.testdir({ a: {}, b: {} });
  for (const name of ['a', 'b']) {
    const model = CATALOGUE.mlp.build(FASHION, 10);
    await saveModel(model, rowLayout(model), someWeights(model), join(folder, name));
  }
  for (const file of ['model.json', 'weights.bin']) {
    t.equal(digest(join(folder, 'a', file)), digest(join(folder, 'b', file)));
  }
});

t.test('a saved model comes back with its weights', async (t) => {
  const folder = t.testdir({ model: {} });
  const model = nested();
  const weights = someWeights(model);
  await saveModel(model, rowLayout(model), weights, join(folder, 'model'));
  for (const spec of [folder, join(folder, 'model'), join(folder, 'model', 'model.json')]) {
    const loaded = await loadModel(spec, { height: 6, width: 6, channels: 2 }, 4);
    t.equal(loaded.origin, 'saved');
    t.ok(loaded.trainedWeight);
    t.same(readWeights(loaded.model, loaded.layout), weights);
  }
});
