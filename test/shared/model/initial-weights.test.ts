import { createHash } from 'node:crypto';
import t from 'tap';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CATALOGUE } from '#src/shared/model/catalogue.js';
import { initialWeights, trainedWeight } from '#src/shared/model/initial-weights.js';
import { rowLayout } from '#src/shared/model/layout.js';
import { tf } from '#src/shared/model/tfjs.js';

const FASHION = { height: 28, width: 28, channels: 1 };

function seeded(model: LayersModel, seed: number): Float32Array {
  return initialWeights(model, rowLayout(model), seed, 'seeded');
}

function digest(weights: Float32Array): string {
  return createHash('sha256').update(weights).digest('hex');
}

/** A dense layer's kernel [rows, columns] by an initializer. */
function kernel(
  initializer: Parameters<typeof tf.layers.dense>[0]['kernelInitializer'],
  rows: number,
  columns: number,
) {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: columns,
        inputShape: [rows],
        useBias: false,
        kernelInitializer: initializer!,
      }),
    ],
  });
  return seeded(model, 11);
}

function moments(values: Float32Array) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return { mean, deviation: Math.sqrt(variance), largest };
}

t.test('the weights of lenet5 for seed 1 are these bytes', async (t) => {
  const weights = seeded(CATALOGUE.lenet5.build(FASHION, 10), 1);
  t.equal(digest(weights), '818e173f0877ef2a72c8841846f52bf3523b7dfe11ff61ff037adb76e920d5d2');
});

t.test('a seed gives the same weights whatever else was built, seed 0 too', async (t) => {
  for (const seed of [0, 1, 2 ** 40 + 1]) {
    const first = seeded(CATALOGUE.mlp.build(FASHION, 10), seed);
    t.equal(digest(seeded(CATALOGUE.mlp.build(FASHION, 10), seed)), digest(first));
  }
  const model = CATALOGUE.mlp.build(FASHION, 10);
  t.not(digest(seeded(model, 0)), digest(seeded(model, 1)));
  t.not(digest(seeded(model, 1)), digest(seeded(model, 2 ** 32 + 1)));
});

t.test('batch norm starts at gamma 1, beta 0, mean 0, variance 1', async (t) => {
  const model = tf.sequential({ layers: [tf.layers.batchNormalization({ inputShape: [3] })] });
  t.same(seeded(model, 4), Float32Array.of(1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1));
});

t.test('distributions have the spread that tfjs documents', async (t) => {
  const near = (got: number, expected: number) => Math.abs(got - expected) < 0.02 * expected;
  const fans = { fanIn: 300, fanOut: 200 };
  const scale = { glorot: 2 / (fans.fanIn + fans.fanOut), he: 2 / 300, leCun: 1 / 300 };
  // A normal distribution cut at ±2 deviations keeps 0.8796 of its deviation.
  for (const [name, variance] of Object.entries(scale)) {
    const uniform = moments(kernel(`${name}Uniform`, 300, 200));
    t.ok(near(uniform.deviation, Math.sqrt(variance)), `${name}Uniform`);
    t.ok(uniform.largest <= Math.sqrt(3 * variance));
    const normal = moments(kernel(`${name}Normal`, 300, 200));
    t.ok(near(normal.deviation, 0.8796 * Math.sqrt(variance)), `${name}Normal`);
    t.ok(normal.largest <= 2 * Math.sqrt(variance));
  }
  const fanOut = tf.initializers.varianceScaling({
    scale: 3,
    mode: 'fanOut',
    distribution: 'uniform',
  });
  t.ok(near(moments(kernel(fanOut, 300, 200)).deviation, Math.sqrt(3 / 200)));
  const shifted = moments(kernel(tf.initializers.randomNormal({ mean: 5, stddev: 2 }), 300, 200));
  t.ok(near(shifted.deviation, 2) && near(shifted.mean, 5), 'randomNormal');
  const cut = moments(kernel(tf.initializers.truncatedNormal({ stddev: 2 } as never), 300, 200));
  t.ok(near(cut.deviation, 2 * 0.8796) && cut.largest <= 4, 'truncatedNormal');
  const range = kernel(tf.initializers.randomUniform({ minval: 1, maxval: 3 }), 300, 200);
  t.ok(range.every((value) => value >= 1 && value <= 3));
  t.ok(near(moments(range).mean, 2), 'randomUniform');
});

t.test('a convolution counts its window into the fans', async (t) => {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        filters: 40,
        kernelSize: 5,
        inputShape: [8, 8, 20],
        useBias: false,
        kernelInitializer: 'heUniform',
      }),
    ],
  });
  const { deviation } = moments(seeded(model, 3));
  t.ok(Math.abs(deviation / Math.sqrt(2 / (25 * 20)) - 1) < 0.02);
});

t.test('an orthogonal kernel has orthonormal columns, or rows, times its gain', async (t) => {
  const columns = 6;
  for (const rows of [9, 4]) {
    const values = kernel(tf.initializers.orthogonal({ gain: 2 } as never), rows, columns);
    const at = (r: number, c: number) => values[r * columns + c]!;
    const count = Math.min(rows, columns);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) {
        let dot = 0;
        if (rows > columns) for (let r = 0; r < rows; r++) dot += at(r, i) * at(r, j);
        else for (let c = 0; c < columns; c++) dot += at(i, c) * at(j, c);
        t.ok(Math.abs(dot - (i === j ? 4 : 0)) < 1e-5);
      }
    }
  }
});

t.test('identity, constant, zeros and ones are what they say', async (t) => {
  t.same(kernel(tf.initializers.identity({ gain: 3 }), 2, 2), Float32Array.of(3, 0, 0, 3));
  t.same(kernel(tf.initializers.constant({ value: 0.1 }), 1, 2), Float32Array.of(0.1, 0.1));
  t.same(kernel('ones', 1, 2), Float32Array.of(1, 1));
  t.same(kernel('zeros', 1, 2), Float32Array.of(0, 0));
});

t.test('mode model keeps the values; seeded refuses an initializer it does not know', async (t) => {
  // The base class of initializers, which tfjs does not export.
  const Initializer = Object.getPrototypeOf(
    tf.initializers.zeros().constructor,
  ) as new () => object;
  class Ramp extends Initializer {
    static className = 'Ramp';
    apply(shape: number[]) {
      return tf.reshape(tf.range(0, shape[0]! * shape[1]!), shape);
    }
    getClassName() {
      return 'Ramp';
    }
    getConfig() {
      return {};
    }
  }
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 2,
        inputShape: [2],
        useBias: false,
        kernelInitializer: new Ramp() as never,
      }),
    ],
  });
  const layout = rowLayout(model);
  t.same(initialWeights(model, layout, 1, 'model'), Float32Array.of(0, 1, 2, 3));
  t.throws(() => initialWeights(model, layout, 1, 'seeded'), {
    code: 'MODEL_INITIALIZER',
    message: /1:dense\/kernel.*Ramp/,
  });
});

t.test('a model shows that it was trained once a bias has moved', async (t) => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] });
  const layout = rowLayout(model);
  t.equal(trainedWeight(model, layout), null);
  model.weights[1]!.write(tf.tensor1d([0, 0.5]));
  t.equal(trainedWeight(model, layout), '1:dense/bias');
});
