import * as tf from '@tensorflow/tfjs';
import t from 'tap';
import { fuseGraph } from '#src/worker/engine/wasm/plan/fuse.js';
import { INPUT, modelGraph, type Graph } from '#src/worker/engine/wasm/plan/graph.js';

const l = tf.layers;
const conv = (options = {}) => l.conv2d({ filters: 4, kernelSize: 3, padding: 'same', ...options });

void t.test('lenet-like layers fuse into convolutions, pools and dense layers', async (t) => {
  const graph = fused([
    conv({ activation: 'relu' }),
    l.maxPooling2d({ poolSize: 2 }),
    conv(),
    l.reLU(),
    l.flatten(),
    l.dense({ units: 8, activation: 'relu' }),
    l.dense({ units: 3, activation: 'softmax' }),
  ]);
  t.match(
    graph.nodes.map((node) => node.operation),
    [
      { kind: 'conv2d', activation: 'relu', maskGradient: false, norm: null, pool: {} },
      { kind: 'conv2d', activation: 'relu', maskGradient: true, norm: null, pool: null },
      { kind: 'dense', activation: 'relu', maskGradient: true },
      { kind: 'dense', activation: 'linear', maskGradient: false },
    ],
  );
  t.same(
    graph.nodes.map((node) => graph.nodes.findIndex(({ id }) => id === node.inputs[0]!.from)),
    [INPUT, 0, 1, 2],
    'each reads the one before',
  );
  t.same(graph.nodes[0]!.shape, { height: 4, width: 4, channels: 4 }, 'the pooled map');
  t.same(graph.nodes[2]!.inputs[0]!.shape, { height: 4, width: 4, channels: 4 }, 'a view');
  t.equal(graph.output, graph.nodes[3]!.id, 'the logits');
});

void t.test('convolution, batch norm, ReLU and pool of a first layer are one node', async (t) => {
  const norm = () => l.batchNormalization({ momentum: 0.9 });
  const graph = fused([
    conv({ useBias: false }),
    norm(),
    l.reLU(),
    l.maxPooling2d({ poolSize: 2 }),
    l.flatten(),
  ]);
  t.match(graph.nodes[0]!.operation, {
    kind: 'conv2d',
    activation: 'relu',
    norm: { kind: 'batchNorm', momentum: 0.9 },
    pool: { map: { height: 8, width: 8, channels: 4 } },
  });
  t.same(Object.keys(graph.nodes[0]!.weights).sort(), [
    'beta',
    'gamma',
    'kernel',
    'movingMean',
    'movingVariance',
  ]);
  const overlapping = fused([
    conv({ useBias: false }),
    norm(),
    l.maxPooling2d({ poolSize: 3, strides: 2 }),
    l.flatten(),
  ]);
  t.same(kinds(overlapping), ['conv2d', 'batchNorm', 'reshape'], 'another pool: not that kernel');
});

void t.test('a batch norm does the ReLU, pool or dropout that alone reads it', async (t) => {
  const norm = () => l.batchNormalization({});
  const operations = (...layers: tf.layers.Layer[]) =>
    fused([conv({ strides: 2 }), ...layers, l.globalMaxPooling2d({})]).nodes.map(
      ({ operation }) => operation,
    );
  t.match(operations(norm(), l.reLU(), l.maxPooling2d({ poolSize: 2 }))[1]!, {
    kind: 'batchNorm',
    activation: 'relu',
    pool: { map: { height: 4, width: 4, channels: 4 } },
    dropout: null,
  });
  t.match(operations(norm(), l.dropout({ rate: 0.5 }))[1]!, {
    activation: 'linear',
    pool: null,
    dropout: { rate: 0.5 },
  });
  const turned = operations(
    norm(),
    l.reshape({ targetShape: [2, 8, 4] }),
    l.maxPooling2d({ poolSize: [1, 4], strides: [1, 4] }),
  );
  t.match(turned[1]!, { pool: { map: { height: 2, width: 8 } } }, 'the map as the pool sees it');
  const spatial = l.dropout({ rate: 0.5, noiseShape: [null as never, 1, 1, 4] });
  t.equal(operations(norm(), spatial).length, 4, 'a spatial dropout stays');
  t.equal(operations(norm(), l.dropout({ rate: 0.5 }), l.reLU()).length, 4, 'a ReLU behind it too');
});

void t.test('a max pool goes before a leaky ReLU, and into the convolution', async (t) => {
  const leaky = (alpha: number) => l.leakyReLU({ alpha });
  const operations = (...layers: tf.layers.Layer[]) => fused(layers).nodes.map((n) => n.operation);
  const plain = fused([conv(), leaky(0.1), l.maxPooling2d({ poolSize: 2 }), l.flatten()]);
  t.match(plain.nodes[0], {
    operation: { kind: 'conv2d', activation: 'linear', pool: { map: { height: 8, width: 8 } } },
    shape: { height: 4, width: 4, channels: 4 },
  });
  t.match(plain.nodes[1], {
    operation: { kind: 'activation', function: 'leakyRelu', alpha: 0.1 },
    shape: { height: 4, width: 4, channels: 4 },
  });
  t.equal(plain.nodes.length, 3);
  const normed = operations(
    conv({ strides: 2 }),
    l.batchNormalization({}),
    leaky(0.1),
    l.maxPooling2d({ poolSize: 2 }),
    l.flatten(),
  );
  t.match(normed[1], { kind: 'batchNorm', activation: 'linear', pool: {} });
  t.match(normed[2], { function: 'leakyRelu' });
  const flat = operations(conv(), leaky(0), l.maxPooling2d({ poolSize: 2 }), l.flatten());
  t.same(
    flat.map(({ kind }) => kind),
    ['conv2d', 'activation', 'maxPool', 'reshape'],
    'but not where values below 0 become alike',
  );
});

void t.test('a ReLU that is not the only reader stays', async (t) => {
  const input = tf.input({ shape: [8, 8, 1] });
  const a = conv().apply(input) as tf.SymbolicTensor;
  const b = l.reLU().apply(a) as tf.SymbolicTensor;
  const sum = l.add().apply([a, b]) as tf.SymbolicTensor;
  const out = l.globalMaxPooling2d({}).apply(sum) as tf.SymbolicTensor;
  const graph = fuseGraph(modelGraph(tf.model({ inputs: input, outputs: out })));
  t.same(kinds(graph), ['conv2d', 'activation', 'add', 'globalMaxPool']);
});

void t.test('a pool that is not the only reader masks nothing', async (t) => {
  const input = tf.input({ shape: [8, 8, 1] });
  const a = conv({ activation: 'relu' }).apply(input) as tf.SymbolicTensor;
  const b = l.maxPooling2d({ poolSize: 3, strides: 1, padding: 'same' }).apply(a);
  const sum = l.add().apply([a, b as tf.SymbolicTensor]) as tf.SymbolicTensor;
  const out = l.globalMaxPooling2d({}).apply(sum) as tf.SymbolicTensor;
  const graph = fuseGraph(modelGraph(tf.model({ inputs: input, outputs: out })));
  t.match(graph.nodes[0]!.operation, { activation: 'relu', maskGradient: true });
  t.match(graph.nodes[1]!.operation, { kind: 'maxPool', foldRelu: false });
});

void t.test('average pools and pools behind other activations mask nothing', async (t) => {
  const average = fused([conv({ activation: 'relu' }), l.averagePooling2d({}), l.flatten()]);
  t.match(average.nodes[0]!.operation, { activation: 'relu', maskGradient: true });
  const tanh = fused([conv({ activation: 'tanh' }), l.maxPooling2d({}), l.flatten()]);
  t.same(kinds(tanh), ['conv2d', 'activation', 'maxPool', 'reshape']);
  t.match(tanh.nodes[2]!.operation, { foldRelu: false });
});

void t.test('a flatten is kept where its order matters to the reader', async (t) => {
  t.same(kinds(fused([l.flatten(), l.dropout({ rate: 0.5 }), l.dense({ units: 2 })])), [
    'reshape',
    'dropout',
    'dense',
  ]);
  t.same(
    kinds(fused([l.globalMaxPooling2d({}), l.reshape({ targetShape: [1, 1, 1] }), l.flatten()])),
    ['globalMaxPool'],
    'but not where nothing moves',
  );
});

void t.test('only a softmax at the end belongs to the loss', async (t) => {
  const middle = [l.flatten(), l.dense({ units: 3, activation: 'softmax' }), l.dense({ units: 2 })];
  t.same(kinds(fused(middle)), ['dense', 'activation', 'dense']);
  t.same(kinds(fused([l.flatten(), l.dense({ units: 3 }), l.softmax()])), ['dense']);
  t.same(
    kinds(fused([l.flatten(), l.dense({ units: 3, activation: 'logSoftmax' as 'softmax' })])),
    ['dense'],
  );
});

function fused(layers: tf.layers.Layer[]): Graph {
  const input = l.inputLayer({ inputShape: [8, 8, 1] });
  return fuseGraph(modelGraph(tf.sequential({ layers: [input, ...layers] })));
}

function kinds(graph: Graph): string[] {
  return graph.nodes.map((node) => node.operation.kind);
}
