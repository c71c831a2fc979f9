/**
 * A process that computes a step of `wasm`, then one of `tensorflow`, compiled and op by op, and
 * then that of `wasm` again, all in one thread; writes the digests of both rows of `wasm`.
 */
import { createHash } from 'node:crypto';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { tf } from '#src/shared/model/tfjs.js';
import { wasmEngine } from '#src/worker/engine/wasm/engine.js';
import { buildEngine, loadEngine } from './engine-on-memory.js';

const IMAGE = { height: 6, width: 6, channels: 1 };

function net(...first: LayersModel['layers']): LayersModel {
  const model = tf.sequential();
  for (const layer of first) model.add(layer);
  model.add(tf.layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [6, 6, 1] }));
  model.add(tf.layers.flatten());
  model.add(tf.layers.dense({ units: 10 }));
  return model;
}

const exact = await buildEngine(net(), IMAGE, 4, wasmEngine);
const { regions, layout, row } = exact;
const weights = new Float32Array(regions.arena.buffer, regions.weights, layout.weightsLength);
// So small that gradients are denormals, which flush-to-zero would lose.
for (let i = 0; i < weights.length; i++) weights[i]! *= 1e-39;
const { step } = await loadEngine(exact);
const digest = async () => {
  await step();
  const made = new Float32Array(regions.arena.buffer, row, layout.rowLength).slice();
  const denormals = made.filter((each) => each !== 0 && Math.abs(each) < 2 ** -126).length;
  return { denormals, digest: createHash('sha256').update(made).digest('hex') };
};
const before = await digest();
for (const model of [net(), net(tf.layers.gaussianNoise({ stddev: 1, inputShape: [6, 6, 1] }))]) {
  const { step: other } = await loadEngine(await buildEngine(model, IMAGE, 4));
  await other();
}
process.stdout.write(`${JSON.stringify({ before, after: await digest() })}\n`);
