import * as tf from '@tensorflow/tfjs';
import t from 'tap';
import { rowLayout } from '#src/shared/model/layout.js';
import { CATALOGUE } from '#src/shared/model/catalogue.js';
import type { BuildRequest } from '#src/worker/engine/engine.js';
import { referenceEngine } from '#src/worker/engine/reference/engine.js';
import { wasmEngine } from '#src/worker/engine/wasm/engine.js';
import { describeMemory } from '#src/worker/engine/wasm/plan/describe.js';
import type { WasmProgram } from '#src/worker/engine/wasm/program.js';
import { bench, randomBatch, randomWeights } from './harness.js';

const image = { height: 8, width: 8, channels: 1 };

void t.test('the engine says that it is there and what it runs on', async (t) => {
  t.match(await wasmEngine.availability(), { detail: /WebAssembly SIMD/ });
});

void t.test('it refuses a model by the layer and says what to do', async (t) => {
  const refusal = wasmEngine.refuses(small(tf.layers.gaussianNoise({ stddev: 1 })));
  t.match(refusal, { reason: /1:gaussianNoise/, remedy: /Conv2D/ });
  t.equal(wasmEngine.refuses(small()), null);
});

void t.test('a model that does not fit the data set is an error', async (t) => {
  await t.rejects(wasmEngine.build(request(small(), { classes: 4 })), {
    code: 'ENGINE_MODEL_MISFIT',
    message: 'The model gives 3 class scores, the data set has 4 classes.',
  });
  const wide = { ...image, width: 9 };
  await t.rejects(wasmEngine.build(request(small(), { image: wide })), {
    code: 'ENGINE_MODEL_MISFIT',
    hint: 'Give the first layer inputShape: [8, 9, 1].',
  });
  const pointwise = small(tf.layers.globalMaxPooling2d({}), tf.layers.batchNormalization());
  await t.rejects(wasmEngine.build(request(pointwise, { microBatch: 1 })), {
    code: 'ENGINE_BATCH_NORM_SINGLE',
  });
  t.ok(await wasmEngine.build(request(pointwise, { microBatch: 2 })));
});

void t.test('the digest tells programs apart, not names', async (t) => {
  const digest = async (options?: Partial<BuildRequest>, dropout = 0.5) =>
    (await wasmEngine.build(request(small(tf.layers.dropout({ rate: dropout })), options))).digest;
  const first = await digest();
  t.match(first, /^[0-9a-f]{64}$/);
  t.equal(await digest(), first, 'the same model built again, with other names');
  t.not(await digest({ microBatch: 9 }), first);
  t.not(await digest({}, 0.4), first);
  t.not(await digest({ fastMath: true }), first);
});

void t.test('memory is planned: parts add up, and inference is within training', async (t) => {
  const model = CATALOGUE.lenet5.build({ height: 28, width: 28, channels: 1 }, 10);
  const built = await wasmEngine.build({
    ...request(model, { classes: 10, microBatch: 128 }),
    image: { height: 28, width: 28, channels: 1 },
  });
  const { plan } = built.payload as WasmProgram;
  t.same(structuredClone(built.payload), built.payload, 'plain data');
  t.equal(built.memory.threadBytes, plan.memory.threadBytes);
  const parts = Object.values(plan.memory.parts).reduce((sum, bytes) => sum + bytes, 0);
  t.ok(parts <= built.memory.threadBytes, 'no more at any moment than there is');
  t.ok(built.memory.threadBytes < 1.2 * parts, 'gaps are small');
  t.match(describeMemory(plan.memory).join('\n'), /prepared weights, once: .*\n.*activations/);
});

void t.test('who prepares which part of the weights does not matter', async (t) => {
  const model = small(
    tf.layers.conv2d({ filters: 9, kernelSize: 3, padding: 'same', activation: 'relu' }),
    tf.layers.conv2d({ filters: 10, kernelSize: 3 }),
    tf.layers.depthwiseConv2d({ kernelSize: 3 }),
  );
  const weights = randomWeights(rowLayout(model), 4);
  const batch = randomBatch(model, 5, 4);
  const wasm = await bench(wasmEngine, model, { weights });
  const { row } = await wasm.gradients(batch);
  for (const parts of [1, 2, 7]) {
    for (let part = parts - 1; part >= 0; part--) await wasm.engine.prepare(part, parts);
    t.same((await wasm.gradients(batch)).row, row, `${parts} parts`);
  }
});

void t.test('an engine that shares micro-batches can, and another does not say so', async (t) => {
  const model = small(tf.layers.maxPooling2d({ poolSize: 2 }));
  const weights = randomWeights(rowLayout(model), 6);
  for (const engine of [wasmEngine, referenceEngine]) {
    const loaded = await bench(engine, model, { weights });
    const can = loaded.engine.gradientsInto !== undefined;
    t.equal(can, engine.sharesMicroBatches, engine.name);
  }
});

void t.test('a row depends on its own micro-batch alone', async (t) => {
  const model = small(
    tf.layers.conv2d({ filters: 8, kernelSize: 3, activation: 'relu' }),
    tf.layers.batchNormalization(),
    tf.layers.dropout({ rate: 0.3 }),
  );
  const weights = randomWeights(rowLayout(model), 5);
  const wasm = await bench(wasmEngine, model, { weights });
  const first = await wasm.gradients(randomBatch(model, 3, 1));
  // A larger micro-batch, another step, and inference in between leave nothing behind.
  await wasm.gradients({ ...randomBatch(model, 8, 2), step: 9 });
  await wasm.engine.evaluate(randomBatch(model, 7, 3));
  t.same(await wasm.gradients(randomBatch(model, 3, 1)), first);
  const other = await wasm.gradients({ ...randomBatch(model, 3, 1), step: 4 });
  t.notSame(other.row, first.row, 'another step draws other dropout masks');
});

/** Layers between an image of 8 × 8 and three class scores. */
function small(...layers: tf.layers.Layer[]): tf.LayersModel {
  const input = tf.layers.inputLayer({ inputShape: [8, 8, 1] });
  const flat = layers.some((layer) => layer.getClassName().startsWith('Global'));
  const head = [...(flat ? [] : [tf.layers.flatten()]), tf.layers.dense({ units: 3 })];
  return tf.sequential({ layers: [input, ...layers, ...head] });
}

function request(model: tf.LayersModel, options: Partial<BuildRequest> = {}): BuildRequest {
  const layout = rowLayout(model);
  return {
    model,
    layout,
    image,
    classes: 3,
    microBatch: 8,
    seed: 1,
    labelSmoothing: 0,
    fastMath: false,
    ...options,
  };
}
