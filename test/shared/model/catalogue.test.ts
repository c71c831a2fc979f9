import t from 'tap';
import { CATALOGUE, isBuiltIn } from '#src/shared/model/catalogue.js';
import { topologicalLayers } from '#src/shared/model/graph.js';
import { rowLayout } from '#src/shared/model/layout.js';

const FASHION = { height: 28, width: 28, channels: 1 };
/** Trainable parameters, and all weights, for 28 × 28 × 1 and 10 classes. */
const PARAMETERS = {
  mlp: [235_146, 235_146],
  lenet5: [1_079_370, 1_080_842],
  hybrid: [297_898, 297_898],
  cnn2bn: [1_475_242, 1_475_434],
  cnn2: [421_576, 421_576],
  cnn4: [454_570, 455_530],
  resnet: [174_970, 176_090],
  inceptionv3: [527_114, 22_329_904],
} as const;

t.test('each built-in model has its known number of parameters', async (t) => {
  for (const [name, { build }] of Object.entries(CATALOGUE)) {
    const layout = rowLayout(build(FASHION, 10));
    t.same(
      [layout.trainableLength, layout.weightsLength],
      PARAMETERS[name as keyof typeof PARAMETERS],
      name,
    );
  }
});

const maps = (name: keyof typeof CATALOGUE) =>
  topologicalLayers(CATALOGUE[name].build(FASHION, 10))
    .filter((node) => node.className === 'MaxPooling2D')
    .map((node) => node.shape.slice(1));

t.test('maps shrink as published', async (t) => {
  t.same(maps('lenet5'), [
    [14, 14, 32],
    [7, 7, 64],
    [4, 4, 128],
    [2, 2, 256],
    [1, 1, 256],
  ]);
  t.same(maps('hybrid'), [
    [9, 9, 64],
    [3, 3, 128],
  ]);
  t.same(maps('cnn2'), [
    [13, 13, 32],
    [5, 5, 64],
  ]);
  t.same(maps('cnn4'), [
    [14, 14, 32],
    [7, 7, 64],
    [4, 4, 128],
    [2, 2, 256],
  ]);
  t.same(maps('cnn2bn'), [
    [14, 14, 32],
    [6, 6, 64],
  ]);
});

t.test('resnet has projections only where shapes differ, and no max pools', async (t) => {
  const nodes = topologicalLayers(CATALOGUE.resnet.build(FASHION, 10));
  const shapesOf = (kind: string) =>
    nodes.filter(({ className }) => className === kind).map(({ shape }) => shape.slice(1));
  t.same(shapesOf('Add'), [
    ...Array.from({ length: 2 }, () => [28, 28, 16]),
    ...Array.from({ length: 2 }, () => [14, 14, 32]),
    ...Array.from({ length: 2 }, () => [7, 7, 64]),
  ]);
  t.equal(shapesOf('Conv2D').length, 1 + 6 * 2 + 2, 'two of them are projections');
  t.same(shapesOf('MaxPooling2D'), []);
});

t.test('lenet5 has batch norm after the pool and before dropout', async (t) => {
  const order = topologicalLayers(CATALOGUE.lenet5.build(FASHION, 10)).map((n) => n.className);
  const block = ['Conv2D', 'MaxPooling2D', 'BatchNormalization', 'Dropout'];
  const head = ['Flatten', 'Dense', 'Dropout', 'Dense', 'Dropout', 'Dense'];
  t.same(order, ['InputLayer', ...block, ...block, ...block, ...block, ...block, ...head]);
});

t.test('a model is the same JSON whatever the process has built before', async (t) => {
  for (const { build } of Object.values(CATALOGUE)) {
    t.equal(build(FASHION, 10).toJSON(), build(FASHION, 10).toJSON());
  }
});

t.test('models take other images and other numbers of classes', async (t) => {
  for (const { build } of Object.values(CATALOGUE)) {
    const nodes = topologicalLayers(build({ height: 32, width: 20, channels: 3 }, 7));
    t.same(nodes[0]!.shape, [null, 32, 20, 3]);
    t.same(nodes.at(-1)!.shape, [null, 7]);
  }
});

t.test('names are looked up exactly', async (t) => {
  t.ok(isBuiltIn('lenet5'));
  t.notOk(isBuiltIn('LeNet5'));
  t.notOk(isBuiltIn('toString'));
});
