import t from 'tap';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { placeStatistics, withNormalization } from '#src/coordinator/model/normalize-model.js';
import { initialWeights } from '#src/shared/model/initial-weights.js';
import { readWeights, rowLayout, writeWeights } from '#src/shared/model/layout.js';
import { tf } from '#src/shared/model/tfjs.js';

const l = tf.layers;
const SHAPE = [4, 3, 2] as const;
const STATISTICS = [
  { mean: 0.25, variance: 0.0625 },
  { mean: 0.5, variance: 0 },
];

const conv = (first: boolean) =>
  l.conv2d({ filters: 2, kernelSize: 2, ...(first && { inputShape: [...SHAPE] }) });
const head = () => [l.flatten(), l.dense({ units: 3, activation: 'softmax' })];

/** A model in each of the forms that tfjs has. */
const FORMS: Readonly<Record<string, () => LayersModel>> = {
  'a chain of layers': () =>
    tf.sequential({ layers: [conv(true), l.batchNormalization(), ...head()] }),
  'a chain with an input layer': () =>
    tf.sequential({ layers: [l.inputLayer({ inputShape: [...SHAPE] }), conv(false), ...head()] }),
  'a chain that begins with a chain': () =>
    tf.sequential({ layers: [tf.sequential({ layers: [conv(true)] }), ...head()] }),
  'a graph whose input is used twice': () => {
    const x = tf.input({ shape: [...SHAPE] });
    const y = l.concatenate().apply([x, l.reLU().apply(x) as SymbolicTensor]) as SymbolicTensor;
    const [flat, dense] = head();
    return tf.model({ inputs: x, outputs: dense!.apply(flat!.apply(y)) as SymbolicTensor });
  },
  'a graph with a frozen model in it': () => {
    const inner = tf.sequential({ layers: [conv(true), l.batchNormalization()] });
    inner.trainable = false;
    const x = tf.input({ shape: [...SHAPE] });
    const [flat, dense] = head();
    return tf.model({
      inputs: x,
      outputs: dense!.apply(flat!.apply(inner.apply(x))) as SymbolicTensor,
    });
  },
};

const images = (seed: number) => tf.randomUniform([5, ...SHAPE], 0, 1, 'float32', seed);
const outputOf = (model: LayersModel, x: ReturnType<typeof images>) =>
  (model.predict(x) as ReturnType<typeof images>).dataSync<'float32'>();

for (const [form, make] of Object.entries(FORMS)) {
  t.test(`before ${form}: as if the images had been normalised`, async (t) => {
    const model = make();
    const before = readWeights(model, rowLayout(model));
    const normalized = await withNormalization(model);
    t.notOk(normalized.hadLayer);
    const weights = readWeights(normalized.model, normalized.layout);
    placeStatistics(normalized, STATISTICS, weights);
    writeWeights(normalized.model, normalized.layout, weights);
    const x = images(1);
    const by = tf.div(tf.sub(x, tf.tensor1d([0.25, 0.5])), tf.tensor1d([0.25, 1]));
    const expected = outputOf(model, by as typeof x);
    const got = outputOf(normalized.model, x);
    t.ok(
      got.every((value, i) => Math.abs(value - expected[i]!) < 2e-6),
      `${[...got].join()} against ${[...expected].join()}`,
    );
    t.notSame(outputOf(model, x), got, 'the images are not like that by themselves');
    t.same(readWeights(model, rowLayout(model)), before, 'the model that was given is as it was');

    const { trainable, moving, frozen } = rowLayout(model);
    const lengths = (slots: readonly { length: number }[]) => slots.map(({ length }) => length);
    t.same(lengths(normalized.layout.trainable), lengths(trainable));
    t.same(lengths(normalized.layout.moving), lengths(moving));
    t.same(lengths(normalized.layout.frozen), [...lengths(frozen), 2, 2, 2, 2]);
    const drawn = initialWeights(normalized.model, normalized.layout, 7, 'seeded');
    const plain = initialWeights(model, rowLayout(model), 7, 'seeded');
    t.same(drawn.subarray(0, plain.length), plain, 'the weights are drawn as without it');

    const again = await withNormalization(normalized.model);
    t.ok(again.hadLayer);
    t.equal(again.model, normalized.model);
  });
}

t.test('a model that cannot be built again is refused, with what to do', async (t) => {
  class Own extends l.Layer {
    static className = 'Own';
    override computeOutputShape(shape: never) {
      return shape;
    }
    override call(input: never) {
      return input;
    }
  }
  const model = tf.sequential({ layers: [conv(true), new Own({}), ...head()] });
  await t.rejects(withNormalization(model), { code: 'MODEL_UNSUPPORTED' });
});
