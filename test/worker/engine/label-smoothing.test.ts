import t from 'tap';
import { CATALOGUE } from '#src/shared/model/catalogue.js';
import { rowLayout } from '#src/shared/model/layout.js';
import { referenceEngine } from '#src/worker/engine/reference/engine.js';
import { wasmEngine } from '#src/worker/engine/wasm/engine.js';
import { bench, randomBatch, randomWeights, rowErrors } from './wasm/harness.js';

t.test('smoothed labels: both engines agree, in gradients and in the loss', async (t) => {
  const model = CATALOGUE.mlp.build({ height: 7, width: 7, channels: 1 }, 10);
  const layout = rowLayout(model);
  const weights = randomWeights(layout, 1);
  const batch = randomBatch(model, 7, 1);
  const rowOf = async (engine: typeof wasmEngine, labelSmoothing: number) => {
    const { gradients } = await bench(engine, model, { weights, labelSmoothing });
    return (await gradients(batch)).row;
  };
  const wasm = await rowOf(wasmEngine, 0.2);
  const reference = await rowOf(referenceEngine, 0.2);
  for (const { error } of rowErrors(layout, wasm, reference)) t.ok(error < 5e-5, String(error));
  const sharp = await rowOf(referenceEngine, 0);
  t.ok(Math.abs(wasm[layout.lossOffset]! - sharp[layout.lossOffset]!) > 1e-3, 'it does something');
});

t.test('evaluations do not smooth', async (t) => {
  const model = CATALOGUE.mlp.build({ height: 7, width: 7, channels: 1 }, 10);
  const weights = randomWeights(rowLayout(model), 1);
  const batch = randomBatch(model, 7, 1);
  for (const engine of [wasmEngine, referenceEngine]) {
    const lossOf = async (labelSmoothing: number) => {
      const loaded = await bench(engine, model, { weights, labelSmoothing });
      return (await loaded.engine.evaluate(batch)).lossSum;
    };
    t.equal(await lossOf(0.5), await lossOf(0), engine.name);
  }
});

t.test('the digest of a compiled model knows the smoothing', async (t) => {
  const image = { height: 7, width: 7, channels: 1 };
  const model = CATALOGUE.mlp.build(image, 10);
  for (const engine of [wasmEngine, referenceEngine]) {
    const request = { model, layout: rowLayout(model), image, classes: 10, microBatch: 8, seed: 1 };
    const digestOf = async (labelSmoothing: number) =>
      (await engine.build({ ...request, labelSmoothing, fastMath: false })).digest;
    t.not(await digestOf(0.1), await digestOf(0), engine.name);
  }
});
