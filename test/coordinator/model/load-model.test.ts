import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadModel } from '#src/coordinator/model/load-model.js';
import { saveModel } from '#src/coordinator/model/save-model.js';
import { topologicalLayers } from '#src/shared/model/graph.js';
import { readWeights, writeWeights } from '#src/shared/model/layout.js';
import { tf } from '#src/shared/model/tfjs.js';

const IMAGE = { height: 4, width: 5, channels: 1 };
const tfjs = fileURLToPath(new URL('../../../../node_modules/', import.meta.url));
const load = (spec: Parameters<typeof loadModel>[0], image = IMAGE, classes = 3) =>
  loadModel(spec, image, classes);

/** The body of a module's function that builds a one-layer model. */
const ONE_LAYER = `tf.sequential({ layers: [
  tf.layers.flatten({ inputShape: [4, 5, 1] }),
  tf.layers.dense({ units: 3 }),
] })`;

t.test('a built-in model is found by name and never looks trained', async (t) => {
  const { model, origin, trainedWeight } = await load('mlp');
  t.equal(origin, 'built-in');
  t.equal(trainedWeight, null);
  t.same(model.outputs[0]!.shape, [null, 3]);
});

t.test('a module may export a function, sync or async, or the model itself', async (t) => {
  const folder = t.testdir({
    'sync.mjs': `export default ({ tf }) => ${ONE_LAYER};`,
    'async.mjs': `export default async ({ image, classes, tf }) => {
      await null;
      const m = tf.sequential();
      m.add(tf.layers.flatten({ inputShape: [image.height, image.width, image.channels] }));
      m.add(tf.layers.dense({ units: classes }));
      return m;
    };`,
    'model.mjs': `import { createRequire } from 'node:module';
      const tf = createRequire('${tfjs}')('@tensorflow/tfjs-layers');
      export default ${ONE_LAYER};`,
  });
  for (const file of ['sync.mjs', 'async.mjs', 'model.mjs']) {
    const { model, origin, layout } = await load(join(folder, file));
    t.equal(origin, 'module');
    t.ok(model instanceof tf.LayersModel);
    t.equal(layout.trainableLength, 63);
  }
});

t.test('the example module is a model for any image', async (t) => {
  const example = fileURLToPath(new URL('../../../../examples/model.js', import.meta.url));
  const { model } = await load(example, { height: 28, width: 28, channels: 1 }, 10);
  t.equal(topologicalLayers(model).filter((node) => node.className === 'Add').length, 2);
});

t.test('a model of another copy of tfjs can be read, set and saved', async (t) => {
  const folder = t.testdir({
    'foreign.mjs': `import { createRequire } from 'node:module';
      const require = createRequire('${tfjs}');
      const ours = Object.keys(require.cache).filter((path) => path.includes('@tensorflow'));
      const kept = ours.map((path) => [path, require.cache[path]]);
      for (const path of ours) delete require.cache[path];
      const tf = { ...require('@tensorflow/tfjs-core'), ...require('@tensorflow/tfjs-layers') };
      for (const [path, module] of kept) require.cache[path] = module;
      const model = ${ONE_LAYER};
      model.layers[1].bias.write(tf.tensor1d([1, 2, 3]));
      export default model;`,
  });
  const { default: foreign } = (await import(join(folder, 'foreign.mjs'))) as { default: unknown };
  t.notOk(foreign instanceof tf.LayersModel);
  const { model, layout, trainedWeight } = await load(join(folder, 'foreign.mjs'));
  t.equal(trainedWeight, '2:dense/bias');
  const weights = readWeights(model, layout);
  t.same(weights.slice(60), Float32Array.of(1, 2, 3));
  const doubled = weights.map((value) => 2 * value);
  writeWeights(model, layout, doubled);
  t.same(readWeights(model, layout), doubled);
  await saveModel(model, layout, doubled, join(folder, 'saved'));
  const file = new Uint8Array(await readFile(join(folder, 'saved', 'weights.bin')));
  t.same(new Float32Array(file.buffer), doubled);
});

t.test('a LayersModel may be handed over as an object', async (t) => {
  const model = tf.sequential({
    layers: [tf.layers.flatten({ inputShape: [4, 5, 1] }), tf.layers.dense({ units: 3 })],
  });
  t.equal((await load(model)).model, model);
});

t.test('what cannot be loaded is named, with what to do', async (t) => {
  const folder = t.testdir({
    empty: {},
    'throws.mjs': `export default () => { throw new RangeError('no luck'); };`,
    'syntax.mjs': `export default {`,
    'named.mjs': `export const net = 1;`,
    'number.mjs': `export default 7;`,
    'broken.json': `{ "modelTopology": `,
    'graph.json': `{ "format": "graph-model", "modelTopology": { "node": [] } }`,
  });
  const fails = (spec: string, match: { code: string; message?: RegExp }) =>
    t.rejects(load(join(folder, spec)), match);
  await t.rejects(load('lenet'), { code: 'MODEL_UNKNOWN', hint: /lenet5/ });
  await fails('absent.js', { code: 'MODEL_UNKNOWN' });
  await fails('empty', { code: 'MODEL_UNKNOWN', message: /model\.json/ });
  await fails('throws.mjs', { code: 'MODEL_MODULE_FAILED', message: /throws\.mjs.*no luck/ });
  await fails('syntax.mjs', { code: 'MODEL_MODULE_FAILED' });
  await fails('named.mjs', { code: 'MODEL_MODULE_EXPORT', message: /net/ });
  await fails('number.mjs', { code: 'MODEL_MODULE_EXPORT', message: /a number/ });
  await fails('broken.json', { code: 'MODEL_SAVED_INVALID' });
  await fails('graph.json', { code: 'MODEL_SAVED_INVALID' });
});

t.test('a model that does not fit the data set is refused with both shapes', async (t) => {
  const model = (inputShape: number[], units: number) =>
    tf.sequential({ layers: [tf.layers.flatten({ inputShape }), tf.layers.dense({ units })] });
  await t.rejects(load(model([5, 4, 1], 3)), {
    code: 'MODEL_MISFIT',
    message: 'The model takes [batch, 5, 4, 1]; the data set needs [batch, 4, 5, 1].',
  });
  await t.rejects(load(model([4, 5, 1], 10)), {
    code: 'MODEL_MISFIT',
    message: 'The model gives [batch, 10]; the data set needs [batch, 3].',
    hint: /units: 3/,
  });
  const fixed = tf.sequential({
    layers: [tf.layers.flatten({ batchInputShape: [8, 4, 5, 1] }), tf.layers.dense({ units: 3 })],
  });
  await t.rejects(load(fixed), { code: 'MODEL_MISFIT', message: /\[8, 4, 5, 1\]/ });
  await t.rejects(load('hybrid'), { code: 'MODEL_MISFIT' });
  await t.rejects(loadModel('inceptionv3', { height: 5, width: 200, channels: 1 }, 3), {
    code: 'MODEL_MISFIT',
    message: 'Images of 5 × 200 × 1 do not become 150 × 150 × 3.',
    hint: /--image-size/,
  });
});

t.test('what training would leave out is refused by name', async (t) => {
  const model = (options: object) =>
    tf.sequential({
      layers: [
        tf.layers.flatten({ inputShape: [4, 5, 1] }),
        tf.layers.dense({ units: 3, ...options }),
      ],
    });
  await t.rejects(load(model({ kernelRegularizer: 'l1l2' })), {
    code: 'MODEL_UNSUPPORTED',
    message: /2:dense has a kernelRegularizer/,
  });
  await t.rejects(load(model({ biasConstraint: 'nonNeg' })), {
    code: 'MODEL_UNSUPPORTED',
    message: /biasConstraint/,
  });
  await t.rejects(load(model({ trainable: false })), { code: 'MODEL_UNSUPPORTED' });
});

t.test('two layers of one name are refused before training, not when saving', async (t) => {
  const half = () =>
    tf.sequential({ layers: [tf.layers.dense({ units: 4, name: 'same', inputShape: [4] })] });
  const x = tf.input({ shape: [4, 5, 1] });
  const four = tf.layers.dense({ units: 4 }).apply(tf.layers.flatten().apply(x));
  const y = tf.layers.dense({ units: 3 }).apply(half().apply(half().apply(four)) as never);
  await t.rejects(load(tf.model({ inputs: x, outputs: y as never })), {
    code: 'MODEL_UNSUPPORTED',
    message: /same\/kernel/,
  });
});
