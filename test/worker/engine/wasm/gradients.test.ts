import * as tf from '@tensorflow/tfjs';
import t from 'tap';
import { rowLayout } from '#src/shared/model/layout.js';
import { referenceEngine } from '#src/worker/engine/reference/engine.js';
import { wasmEngine } from '#src/worker/engine/wasm/engine.js';
import { bench, randomBatch, randomWeights, rowErrors } from './harness.js';

const l = tf.layers;
type Build = (input: tf.SymbolicTensor) => tf.SymbolicTensor;
const chain =
  (...layers: tf.layers.Layer[]): Build =>
  (input) =>
    layers.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input);
const head = () => [l.flatten(), l.dense({ units: 3 })];

/** Small models that together have every layer and option that the engine covers. */
const MODELS: Record<string, { shape: number[]; build: Build }> = {
  'conv2d same, strides, ReLU, max pool': {
    shape: [7, 5, 3],
    build: chain(
      l.conv2d({ filters: 5, kernelSize: 3, padding: 'same', activation: 'relu' }),
      l.maxPooling2d({ poolSize: 2, padding: 'same' }),
      l.conv2d({ filters: 6, kernelSize: [2, 3], strides: [1, 2], activation: 'relu' }),
      ...head(),
    ),
  },
  'conv2d 5 × 5 and 3 × 3 on 14 × 14, no bias': {
    shape: [14, 14, 1],
    build: chain(
      l.conv2d({ filters: 8, kernelSize: 5, padding: 'same', useBias: false }),
      l.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }),
      l.maxPooling2d({ poolSize: 3, strides: 2 }),
      ...head(),
    ),
  },
  'depthwise and separable convolutions': {
    shape: [6, 7, 3],
    build: chain(
      l.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same', activation: 'relu' }),
      l.separableConv2d({ filters: 5, kernelSize: 2, strides: 2, activation: 'sigmoid' }),
      l.separableConv2d({ filters: 4, kernelSize: 3, padding: 'same' }),
      ...head(),
    ),
  },
  'average pool and zero padding': {
    shape: [6, 5, 3],
    build: chain(
      l.conv2d({ filters: 5, kernelSize: 1 }),
      l.zeroPadding2d({ padding: [[1, 0], [2, 1]] as unknown as number }), // prettier-ignore
      l.averagePooling2d({ poolSize: [3, 2], strides: [2, 2] }),
      ...head(),
    ),
  },
  'maps enlarged along lines': {
    // All square: the reference turns gradients of others round, and mixes those of a batch where maps
    // are enlarged pixel by pixel. up-sample.test.ts has both.
    shape: [4, 4, 3],
    build: chain(
      l.conv2d({ filters: 5, kernelSize: 1 }),
      l.upSampling2d({ size: [3, 3], interpolation: 'bilinear' }),
      l.conv2d({ filters: 3, kernelSize: 2, strides: 3 }),
      ...head(),
    ),
  },
  'global max pool': {
    shape: [5, 4, 2],
    build: chain(
      l.conv2d({ filters: 7, kernelSize: 2 }),
      l.globalMaxPooling2d({}),
      ...head().slice(1),
    ),
  },
  'global average pool': {
    shape: [5, 4, 2],
    build: chain(
      l.conv2d({ filters: 6, kernelSize: 2, activation: 'relu' }),
      l.globalAveragePooling2d({}),
      l.dense({ units: 4, activation: 'softmax' }),
    ),
  },
  'batch norm on maps and vectors': {
    shape: [5, 5, 3],
    build: chain(
      l.conv2d({ filters: 5, kernelSize: 3 }),
      l.batchNormalization({ momentum: 0.9, epsilon: 1e-5 }),
      l.reLU(),
      l.flatten(),
      l.dense({ units: 6 }),
      l.batchNormalization({ axis: 1 }),
      l.dense({ units: 3 }),
    ),
  },
  'leaky ReLU, with max pools behind it': {
    shape: [14, 13, 1],
    build: chain(
      l.conv2d({ filters: 5, kernelSize: 3, padding: 'same' }),
      l.leakyReLU({ alpha: 0.2 }),
      l.maxPooling2d({ poolSize: 2 }),
      l.conv2d({ filters: 6, kernelSize: 3, padding: 'same', useBias: false }),
      l.batchNormalization({ momentum: 0.9, epsilon: 1e-5 }),
      l.leakyReLU({ alpha: 0.05 }),
      l.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
      l.flatten(),
      l.dense({ units: 7 }),
      l.leakyReLU({ alpha: 0.3 }),
      l.dense({ units: 3 }),
    ),
  },
  'frozen layers, a frozen batch norm among them': {
    shape: [5, 5, 3],
    build: chain(
      l.conv2d({ filters: 5, kernelSize: 3, trainable: false }),
      l.conv2d({ filters: 4, kernelSize: 1 }),
      l.batchNormalization({ trainable: false }),
      l.depthwiseConv2d({ kernelSize: 2, trainable: false }),
      l.flatten(),
      l.dense({ units: 5, trainable: false }),
      l.dense({ units: 3 }),
    ),
  },
  'dropout on maps, channels and vectors': {
    shape: [4, 5, 3],
    build: chain(
      l.conv2d({ filters: 6, kernelSize: 2 }),
      l.dropout({ rate: 0.3 }),
      l.conv2d({ filters: 5, kernelSize: 2 }),
      l.dropout({ rate: 0.4, noiseShape: [null, 1, 1, null] as unknown as number[] }),
      l.flatten(),
      l.dropout({ rate: 0.5 }),
      l.dense({ units: 3 }),
    ),
  },
  'reshape both ways, dense on a map': {
    shape: [4, 4, 3],
    build: chain(
      l.conv2d({ filters: 5, kernelSize: 1 }),
      l.reshape({ targetShape: [2, 8, 5] }),
      l.dense({ units: 6, activation: 'relu' }),
      l.reshape({ targetShape: [4, 4, 6] }),
      l.reshape({ targetShape: [8, 6, 2] }),
      l.conv2d({ filters: 2, kernelSize: 3 }),
      l.flatten(),
      l.dense({ units: 7, activation: 'relu', useBias: false }),
      l.dense({ units: 2 }),
    ),
  },
  'residual branches, add and concatenate': {
    shape: [5, 6, 3],
    build: (input) => {
      const a = chain(l.conv2d({ filters: 5, kernelSize: 3, padding: 'same' }))(input);
      const b = chain(l.conv2d({ filters: 5, kernelSize: 1, activation: 'relu' }))(a);
      const c = l.add().apply([a, b, a]) as tf.SymbolicTensor;
      const d = chain(l.maxPooling2d({ poolSize: 3, strides: 1, padding: 'same' }))(b);
      const e = l.concatenate().apply([c, d, b]) as tf.SymbolicTensor;
      return chain(l.conv2d({ filters: 3, kernelSize: 2 }), ...head())(e);
    },
  },
  'nested models': {
    shape: [6, 6, 1],
    build: (input) => {
      const inner = tf.sequential({
        layers: [
          l.conv2d({ inputShape: [6, 6, 1], filters: 4, kernelSize: 3, activation: 'relu' }),
          l.maxPooling2d({ poolSize: 2 }),
        ],
      });
      return chain(...head())(inner.apply(input) as tf.SymbolicTensor);
    },
  },
  'one pixel, one channel': {
    shape: [1, 1, 1],
    build: chain(l.conv2d({ filters: 3, kernelSize: 3, padding: 'same' }), ...head()),
  },
};
for (const name of [
  'relu',
  'relu6',
  'elu',
  'selu',
  'sigmoid',
  'hardSigmoid',
  'tanh',
  'softplus',
  'softsign',
  'swish',
  'gelu',
  'softmax',
] as const) {
  MODELS[`activation ${name}`] = {
    shape: [3, 4, 2],
    build: chain(
      l.conv2d({ filters: 5, kernelSize: 2 }),
      l.batchNormalization({}),
      l.activation({ activation: name as 'relu' }),
      ...head(),
    ),
  };
}
MODELS['LeakyReLU, ELU and ReLU layers'] = {
  shape: [3, 4, 2],
  build: chain(
    l.conv2d({ filters: 5, kernelSize: 2 }),
    l.leakyReLU({ alpha: 0.2 }),
    l.conv2d({ filters: 5, kernelSize: 1 }),
    l.elu({}),
    l.conv2d({ filters: 3, kernelSize: 1 }),
    l.reLU({ maxValue: 6 }),
    ...head(),
  ),
};

// The reference and the witness are slow where cores are busy.
t.setTimeout(240_000);

for (const [name, { shape, build }] of Object.entries(MODELS)) {
  void t.test(`${name}: gradients and inference are the reference's`, async (t) => {
    const input = tf.input({ shape });
    const model = tf.model({ inputs: input, outputs: build(input) });
    const layout = rowLayout(model);
    const weights = randomWeights(layout, 11);
    const wasm = await bench(wasmEngine, model, { weights });
    const reference = await bench(referenceEngine, model, { weights });
    for (const size of [3, 7, 1]) {
      const batch = randomBatch(model, size, size);
      if (size === 1 && name.startsWith('batch norm on maps and vectors')) {
        t.throws(() => wasm.engine.gradients(batch, 0, () => undefined), {
          code: 'ENGINE_BATCH_NORM_SINGLE',
        });
        continue;
      }
      const actual = await wasm.gradients(batch);
      const expected = await reference.gradients(batch);
      const errors = rowErrors(layout, actual.row, expected.row).filter(
        ({ error }) => !(error < 5e-5),
      );
      t.same(errors, [], `batch ${size}: every gradient, statistic and the loss`);
      t.equal(actual.correct, expected.correct, `batch ${size}: correct`);
      t.equal(actual.marks.at(-1), layout.rowLength, 'the row is final in the end');
      t.same(
        actual.marks,
        actual.marks.toSorted((a, b) => a - b),
        'the watermark never falls',
      );
      t.same((await wasm.gradients(batch)).row, actual.row, 'the same bits again');

      const classes = model.outputs[0]!.shape[1]!;
      const probabilities = [new Float32Array(size * classes), new Float32Array(size * classes)];
      await wasm.engine.predict(batch, probabilities[0]!);
      await reference.engine.predict(batch, probabilities[1]!);
      const furthest = Math.max(
        ...probabilities[0]!.map((value, i) => Math.abs(value - probabilities[1]![i]!)),
      );
      t.ok(furthest <= 1e-5, `batch ${size}: probabilities differ by ${furthest}`);
      const [a, b] = [await wasm.engine.evaluate(batch), await reference.engine.evaluate(batch)];
      t.equal(a.correct, b.correct);
      t.ok(Math.abs(a.lossSum - b.lossSum) <= 1e-5 * Math.max(1, b.lossSum), 'loss of inference');
    }
  });
}

void t.test('a dilated convolution is one with zeros between its weights', async (t) => {
  // The reference has no gradients of dilated convolutions.
  const padding = 'same';
  const model = (kernelSize: number[], dilationRate: number[], separable = false) => {
    const options = { filters: 5, kernelSize, dilationRate, padding } as const;
    const conv = separable ? l.separableConv2d : l.conv2d;
    const input = tf.input({ shape: [9, 8, 4] });
    return tf.model({ inputs: input, outputs: chain(conv(options as never), ...head())(input) });
  };
  for (const separable of [false, true]) {
    const dilated = model([3, 2], [2, 3], separable);
    const spread = model([5, 4], [1, 1], separable);
    const layout = rowLayout(dilated);
    const wide = rowLayout(spread);
    /** Element of the wide kernel for each element of the dilated one. */
    const places = [...layout.trainable].map(({ shape, length, offset }, i) => {
      const depth = (shape[2] ?? 0) * (shape[3] ?? 0);
      return Array.from({ length }, (_, element) => {
        const to = wide.trainable[i]!.offset;
        if (shape.length !== 4 || shape[0] !== 3) return [offset + element, to + element] as const;
        const tap = Math.floor(element / depth);
        const y = 2 * Math.floor(tap / 2);
        const x = 3 * (tap % 2);
        return [offset + element, to + (y * 4 + x) * depth + (element % depth)] as const;
      });
    });
    const weights = randomWeights(layout, 3);
    const wideWeights = new Float32Array(wide.weightsLength);
    for (const [from, to] of places.flat()) wideWeights[to] = weights[from]!;
    const batch = randomBatch(dilated, 3, 3);
    const { row } = await (await bench(wasmEngine, dilated, { weights })).gradients(batch);
    const other = await (
      await bench(wasmEngine, spread, { weights: wideWeights })
    ).gradients(batch);
    const expected = new Float32Array(layout.rowLength);
    for (const [to, from] of places.flat()) expected[to] = other.row[from]!;
    expected[layout.lossOffset] = other.row[wide.lossOffset]!;
    t.same(
      rowErrors(layout, row, expected).filter(({ error }) => !(error < 2e-6)),
      [],
    );
  }
});
