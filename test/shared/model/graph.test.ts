import t from 'tap';
import { topologicalLayers } from '#src/shared/model/graph.js';
import { tf } from '#src/shared/model/tfjs.js';

const { input, layers, model, models, sequential } = tf;

const conv = () => layers.conv2d({ filters: 2, kernelSize: 3, padding: 'same' });

/** x → conv → (nested: conv → flatten-free body) → add with x's projection → dense. */
function residual() {
  const inner = sequential({
    layers: [layers.conv2d({ filters: 2, kernelSize: 3, padding: 'same', inputShape: [4, 4, 2] })],
  });
  const x = input({ shape: [4, 4, 1] });
  const first = conv().apply(x);
  const second = inner.apply(first);
  const shared = layers.activation({ activation: 'relu' });
  const a = shared.apply(second);
  const b = shared.apply(first);
  const sum = layers.add().apply([a, b] as never);
  const flat = layers.flatten().apply(sum);
  return model({
    inputs: x,
    outputs: layers.dense({ units: 3 }).apply(flat) as never,
  });
}

const summary = (m: Parameters<typeof topologicalLayers>[0]) =>
  topologicalLayers(m).map((node) => [node.label, ...node.inputs].join(' '));

t.test('a sequential model is listed in order', async (t) => {
  const m = sequential({
    layers: [
      layers.flatten({ inputShape: [2, 2, 1] }),
      layers.dense({ units: 3 }),
      layers.batchNormalization(),
    ],
  });
  t.same(summary(m), ['0:inputLayer', '1:flatten 0', '2:dense 1', '3:batchNormalization 2']);
  t.same(topologicalLayers(m)[2]!.shape, [null, 3]);
});

const RESIDUAL = [
  '0:inputLayer',
  '1:conv2d 0',
  '2:conv2d 1',
  '3:activation 2',
  '4:activation 1',
  '5:add 3 4',
  '6:flatten 5',
  '7:dense 6',
];

t.test('a nested model is dissolved, a layer applied twice is listed twice', async (t) => {
  const nodes = topologicalLayers(residual());
  t.same(summary(residual()), RESIDUAL);
  t.same(
    nodes.map((node) => node.reused),
    [false, false, false, false, true, false, false, false],
  );
});

t.test('a model loaded from its own JSON has the same list', async (t) => {
  const copy = await models.modelFromJSON(residual().toJSON(null, false) as never);
  t.same(summary(copy), RESIDUAL);
});

t.test('a nested model that runs twice has its layers listed twice', async (t) => {
  const inner = sequential({ layers: [layers.dense({ units: 2, inputShape: [2] })] });
  const x = input({ shape: [2] });
  const m = model({ inputs: x, outputs: inner.apply(inner.apply(x)) as never });
  t.same(summary(m), ['0:inputLayer', '1:dense 0', '2:dense 1']);
});

t.test('a sequential model inside a sequential model is dissolved', async (t) => {
  const inner = sequential({
    layers: [layers.flatten({ inputShape: [2, 2, 1] }), layers.dense({ units: 3 })],
  });
  const first = sequential({ layers: [inner, layers.dense({ units: 2 })] });
  t.same(summary(first), ['0:inputLayer', '1:flatten 0', '2:dense 1', '3:dense 2']);
  const tail = sequential({ layers: [layers.dense({ units: 5, inputShape: [3] })] });
  const last = sequential({ layers: [layers.dense({ units: 3, inputShape: [4] }), tail] });
  t.same(summary(last), ['0:inputLayer', '1:dense 0', '2:dense 1']);
});

t.test('a model without layers is refused', async (t) => {
  t.throws(() => topologicalLayers(sequential()), { code: 'MODEL_EMPTY' });
});
