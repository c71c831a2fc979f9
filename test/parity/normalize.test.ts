import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { predictRun, tf, train } from '#src/index.js';
import { loadSavedModel } from '#src/coordinator/model/load-saved-model.js';
import { realImages, smallNet, untimedMetrics, type SmallRun } from '../support/small-runs.js';

// Inputs are normalised by a layer of the model: whatever computes it, and whoever loads it.
t.setTimeout(300_000);

const data = await realImages(330, 40);
const base: SmallRun = { data, batchSize: 90, microBatch: 30, steps: 4, threads: 2, seed: 5 };

t.test('the engines agree, and the statistics are those of the training set', async (t) => {
  const folder = t.testdir();
  const runs = [];
  for (const engine of ['wasm', 'reference'] as const) {
    const input = { ...base, engine, model: smallNet(), normalize: true, validation: 60 };
    const { run } = await train({ ...input, out: join(folder, engine) });
    runs.push(untimedMetrics(run).map(({ loss }) => loss as number));
  }
  const [wasm, reference] = runs as [number[], number[]];
  t.equal(wasm.length, 6, 'four steps, an epoch and a part of one');
  wasm.forEach((loss, i) => t.ok(Math.abs(loss - reference[i]!) < 1e-4, `${loss}`));
  const plain = await train({ ...base, model: smallNet(), out: join(folder, 'plain') });
  t.not(untimedMetrics(plain.run)[0]!['loss'], wasm[0], 'it makes a difference');

  const model = await loadSavedModel(join(folder, 'wasm', 'model', 'model.json'));
  const [mean, variance] = model.layers[0]!.getWeights()
    .slice(2)
    .map((each) => each.dataSync()[0]!);
  // 270 samples were trained on; which, the split says.
  t.ok(Math.abs(mean! - 0.286) < 0.02 && Math.abs(variance! - 0.353 ** 2) < 0.01);
  const whole = data.train.images;
  const all = [...(whole as Uint8Array)].reduce((sum, byte) => sum + byte, 0) / whole.length / 255;
  t.not(mean, Math.fround(all), 'and not those of what was put aside');
});

t.test('predict does the same, and so does any program that loads the model', async (t) => {
  const out = join(t.testdir(), 'run');
  await train({ ...base, model: 'mlp', normalize: true, out });
  const references = [0, 1, 2].map((index) => ({ kind: 'set', set: 'test', index }) as const);
  const predictions = await predictRun(out, references, { data });
  const config = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8')) as object;
  t.match(config, { normalize: true });
  const model = await loadSavedModel(join(out, 'model', 'model.json'));
  const pixels = Float32Array.from(data.test.images.subarray(0, 3 * 784), (byte) => byte / 255);
  const output = model.predict(tf.tensor(pixels, [3, 28, 28, 1])) as ReturnType<typeof tf.tensor>;
  const expected = output.arraySync() as number[][];
  predictions.forEach(({ classes }, i) => {
    for (const { name, probability } of classes) {
      const place = (data.classes as readonly string[]).indexOf(name);
      t.ok(Math.abs(probability - expected[i]![place]!) < 1e-5);
    }
  });
});

t.test('a model that was saved with it is not normalised twice', async (t) => {
  const folder = t.testdir();
  const first = join(folder, 'first');
  const { trainLoss } = await train({ ...base, model: 'mlp', normalize: true, out: first });
  const out = join(folder, 'second');
  const input = { ...base, model: first, initialWeights: 'model', normalize: true } as const;
  const more = await train({ ...input, steps: 1, learningRate: 1e-12, out });
  t.ok(Math.abs(more.trainLoss - trainLoss) < 1e-6, `${more.trainLoss} after ${trainLoss}`);
});
