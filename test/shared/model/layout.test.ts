import t from 'tap';
import { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { readWeights, rowLayout, slotsByVariable, writeWeights } from '#src/shared/model/layout.js';
import { allSlots } from '#src/shared/numerics/row-layout.js';
import { tf } from '#src/shared/model/tfjs.js';

const { layers, sequential } = tf;

function small(): LayersModel {
  return sequential({
    layers: [
      layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [5, 5, 1] }),
      layers.batchNormalization({ momentum: 0.9 }),
      layers.flatten(),
      layers.dense({ units: 4, useBias: false, trainable: false }),
      layers.batchNormalization({ momentum: 0.8, scale: false }),
      layers.dense({ units: 3 }),
    ],
  });
}

t.test('trainable weights, moving statistics and frozen weights follow one another', async (t) => {
  const layout = rowLayout(small());
  t.same(
    layout.trainable.map(({ label, offset, length }) => [label, offset, length]),
    [
      ['6:dense/kernel', 0, 12],
      ['6:dense/bias', 12, 3],
      ['5:batchNormalization/beta', 15, 4],
      ['2:batchNormalization/gamma', 19, 2],
      ['2:batchNormalization/beta', 21, 2],
      ['1:conv2d/kernel', 23, 18],
      ['1:conv2d/bias', 41, 2],
    ],
  );
  t.same(
    layout.moving.map(({ label, offset, momentum }) => [label, offset, momentum]),
    [
      ['5:batchNormalization/movingMean', 43, 0.8],
      ['5:batchNormalization/movingVariance', 47, 0.8],
      ['2:batchNormalization/movingMean', 51, 0.9],
      ['2:batchNormalization/movingVariance', 53, 0.9],
    ],
  );
  t.same(
    layout.frozen.map(({ label, offset, length }) => [label, offset, length]),
    [['4:dense/kernel', 55, 72]],
  );
  t.equal(layout.trainableLength, 43);
  t.equal(layout.lossOffset, 55);
  t.equal(layout.rowLength, 56);
  t.equal(layout.weightsLength, 127);
});

t.test('trainable weights are known by what they are to their layer', async (t) => {
  const m = sequential({
    layers: [
      layers.separableConv2d({ filters: 2, kernelSize: 1, inputShape: [3, 3, 2] }),
      layers.depthwiseConv2d({ kernelSize: 1 }),
      layers.prelu(),
      layers.flatten(),
      layers.layerNormalization(),
      layers.dense({ units: 3 }),
    ],
  });
  const kinds = rowLayout(m).trainable.map(({ label, kind }) => `${label} ${kind}`);
  t.same(kinds, [
    '6:dense/kernel dense',
    '6:dense/bias bias',
    '5:layerNormalization/gamma norm',
    '5:layerNormalization/beta norm',
    '3:pReLU/alpha other',
    '2:depthwiseConv2d/depthwiseKernel conv',
    '2:depthwiseConv2d/bias bias',
    '1:separableConv2d/depthwiseKernel conv',
    '1:separableConv2d/pointwiseKernel conv',
    '1:separableConv2d/bias bias',
  ]);
});

t.test('modelWeight is the place in getWeights(), with nested and frozen models too', async (t) => {
  const inner = small();
  inner.layers[5]!.trainable = false;
  const nested = sequential({
    layers: [
      layers.conv2d({ filters: 1, kernelSize: 1, inputShape: [5, 5, 2] }),
      inner,
      layers.dense({ units: 2 }),
    ],
  });
  for (const m of [small(), nested]) {
    const layout = rowLayout(m);
    const values = m.getWeights();
    t.equal(values.length, allSlots(layout).length);
    t.same(
      allSlots(layout)
        .map((slot) => slot.modelWeight)
        .sort((a, b) => a - b),
      values.map((_, i) => i),
    );
    const flat = Float32Array.from({ length: layout.weightsLength }, (_, i) => i + 1);
    writeWeights(m, layout, flat);
    t.same(readWeights(m, layout), flat);
    const after = m.getWeights() as Tensor[];
    for (const { modelWeight, offset, shape } of allSlots(layout)) {
      t.same(after[modelWeight]!.shape, shape);
      t.equal(after[modelWeight]!.dataSync()[0], offset + 1);
    }
  }
});

t.test('a frozen model inside a model keeps its batch norm statistics frozen', async (t) => {
  const inner = small();
  inner.trainable = false;
  const m = sequential({ layers: [inner, layers.dense({ units: 2 })] });
  const layout = rowLayout(m);
  t.equal(layout.trainable.length, 2);
  t.same(
    layout.moving.map(({ label }) => label),
    [],
  );
  t.equal(layout.frozen.length, inner.weights.length);
});

t.test('slotsByVariable finds the place of a layer’s weight', async (t) => {
  const m = small();
  const slots = slotsByVariable(m, rowLayout(m));
  t.equal(slots.size, m.weights.length);
  t.equal(slots.get(m.layers[0]!.weights[0]!)!.label, '1:conv2d/kernel');
});

t.test('a batch norm with nothing to learn is frozen by its layer’s own flag', async (t) => {
  const bare = (trainable: boolean) =>
    sequential({
      layers: [
        layers.batchNormalization({ scale: false, center: false, trainable, inputShape: [3] }),
        layers.dense({ units: 2 }),
      ],
    });
  t.equal(rowLayout(bare(true)).moving.length, 2);
  t.equal(rowLayout(bare(false)).moving.length, 0);
  t.equal(rowLayout(bare(false)).frozen.length, 2);
});
