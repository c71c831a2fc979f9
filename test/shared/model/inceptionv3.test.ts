import t from 'tap';
import { CATALOGUE } from '#src/shared/model/catalogue.js';
import { defaultOptions } from '#src/shared/config/model-options/resolve.js';
import { topologicalLayers } from '#src/shared/model/graph.js';
import { rowLayout } from '#src/shared/model/layout.js';
import { allSlots } from '#src/shared/numerics/row-layout.js';

const FASHION = { height: 28, width: 28, channels: 1 };
const build = (image = FASHION, more = {}) =>
  CATALOGUE.inceptionv3.build(image, 10, { ...defaultOptions('inceptionv3'), ...more });

const model = build();
const layers = topologicalLayers(model);
const shapesOf = (pattern: RegExp) =>
  layers.filter(({ layer }) => pattern.test(layer.name)).map(({ shape }) => shape.slice(1));

t.test('images of 28 × 28 get a border, and are enlarged five times', async (t) => {
  const first = layers.slice(0, 4).map(({ className, shape }) => [className, ...shape.slice(1)]);
  t.same(first, [
    ['InputLayer', 28, 28, 1],
    ['ZeroPadding2D', 30, 30, 1],
    ['UpSampling2D', 150, 150, 1],
    ['Conv2D', 150, 150, 3],
  ]);
  const colour = topologicalLayers(build({ height: 60, width: 80, channels: 3 }));
  t.same(
    colour.slice(1, 5).map(({ className, shape }) => [className, ...shape.slice(1)]),
    [
      // 60 fit twice with 15 on either side; 80 but once.
      ['ZeroPadding2D', 75, 150, 3],
      ['UpSampling2D', 150, 150, 3],
      ['DepthwiseConv2D', 150, 150, 3],
      ['Conv2D', 74, 74, 32],
    ],
  );
  t.throws(() => build({ height: 151, width: 28, channels: 1 }), { code: 'MODEL_MISFIT' });
  t.throws(() => build({ height: 28, width: 28, channels: 2 }), { code: 'MODEL_MISFIT' });
});

t.test('the base has the maps and the weights of Inception v3', async (t) => {
  t.same(shapesOf(/^mixed\d+$/), [
    [16, 16, 256],
    [16, 16, 288],
    [16, 16, 288],
    ...Array.from({ length: 5 }, () => [7, 7, 768]),
    [3, 3, 1280],
    [3, 3, 2048],
    [3, 3, 2048],
  ]);
  const layout = rowLayout(model);
  const own = model.weights;
  const isBase = (name: string) => /^(conv2d|batch_normalization)(_\d+)?\//.test(name);
  const base = allSlots(layout).filter(({ modelWeight }) => isBase(own[modelWeight]!.originalName));
  t.equal(
    base.reduce((sum, { length }) => sum + length, 0),
    21_802_784,
    'as Keras counts them',
  );
  t.equal(layout.moving.length, 0, 'no batch norm moves');
  t.equal(layers.filter(({ layer }) => /^conv2d(_\d+)?$/.test(layer.name)).length, 94);
});

t.test('the last blocks train where that is asked for, their batch norms never', async (t) => {
  const labels = (unfrozenBlocks: number) => {
    const made = build(FASHION, { unfrozenBlocks });
    const { trainable, trainableLength } = rowLayout(made);
    const names = trainable.map(({ modelWeight }) => made.weights[modelWeight]!.originalName);
    return { names: names.filter((name) => /^conv|^batch/.test(name)), trainableLength };
  };
  const { names, trainableLength } = labels(2);
  t.ok(names.every((name) => name.endsWith('/kernel')));
  t.equal(names.length, 18);
  // Of mixed9 and mixed10: 1 × 1 to 320, 384, 448 and 192 channels, two pairs of 1 × 3 and 3 × 1, 3 × 3.
  const block = (inputs: number) =>
    inputs * (320 + 384 + 448 + 192) + 4 * 3 * 384 * 384 + 9 * 448 * 384;
  t.equal(trainableLength, 527_114 + block(1280) + block(2048));
  t.equal(labels(11).names.length, 94 - 5, 'all but the stem');
  t.equal(labels(0).names.length, 0);
});

t.test('layers have Keras’s names, and stand in its order', async (t) => {
  // Of the InceptionV3 of Keras 2.2.4, whose names count from 1: the first block behind the stem.
  const keras = [9, 7, 10, 6, 8, 11, 12].map((number) => `conv2d_${number - 1}`);
  const names = model.layers.map(({ name }) => name).filter((name) => /^conv2d/.test(name));
  t.same(names.slice(0, 5), ['conv2d', ...[1, 2, 3, 4].map((n) => `conv2d_${n}`)]);
  t.same(names.slice(5, 12), keras);
  const filters = (name: string): unknown => {
    const config = model.layers.find((layer) => layer.name === name)!.getConfig();
    return [config['filters'], ...(config['kernelSize'] as number[])];
  };
  const sizes = [5, 6, 7, 8, 9, 10, 11].map((n) => filters(`conv2d_${n}`));
  t.same(sizes, [[64, 1, 1], [48, 1, 1], [64, 5, 5], [64, 1, 1], [96, 3, 3], [96, 3, 3], [32, 1, 1]]); // prettier-ignore
});
