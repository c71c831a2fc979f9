import * as tf from '@tensorflow/tfjs';
import t from 'tap';
import { LockstepError } from '#src/shared/errors.js';
import { INPUT, modelGraph } from '#src/worker/engine/wasm/plan/graph.js';

const image = { inputShape: [9, 7, 3] };

void t.test('a convolution becomes its kernel and its activation', async (t) => {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        ...image,
        filters: 5,
        kernelSize: [3, 2],
        strides: [2, 3],
        padding: 'same',
        activation: 'tanh',
      }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 4, useBias: false }),
    ],
  });
  const graph = modelGraph(model);
  t.same(graph.input, { height: 9, width: 7, channels: 3 });
  t.same(
    graph.nodes.map((node) => [node.label, node.operation.kind, node.inputs[0]!.from, node.shape]),
    [
      ['1:conv2d', 'conv2d', INPUT, { height: 5, width: 3, channels: 5 }],
      ['1:conv2d', 'activation', 0, { height: 5, width: 3, channels: 5 }],
      ['2:flatten', 'reshape', 1, { height: 1, width: 1, channels: 75 }],
      ['3:dense', 'dense', 2, { height: 1, width: 1, channels: 4 }],
    ],
  );
  // (5 − 1)·2 + 3 − 9 = 2 rows of zeros, (3 − 1)·3 + 2 − 7 = 1 column: the odd one at the end.
  t.same(graph.nodes[0]!.operation, {
    kind: 'conv2d',
    kernel: [3, 2],
    strides: [2, 3],
    dilation: [1, 1],
    pad: [1, 0],
    bias: true,
    activation: 'linear',
    maskGradient: false,
    norm: null,
    pool: null,
  });
  t.same(graph.nodes[0]!.weights, { kernel: 0, bias: 1 });
  t.same(graph.nodes[3]!.weights, { kernel: 2 });
  t.equal(graph.output, 3);
});

void t.test('a separable convolution becomes a depthwise and a 1 × 1 one', async (t) => {
  const model = tf.sequential({
    layers: [
      tf.layers.separableConv2d({ ...image, filters: 5, kernelSize: 3, dilationRate: [2, 1] }),
      tf.layers.globalAveragePooling2d({}),
    ],
  });
  const [depthwise, pointwise] = modelGraph(model).nodes;
  t.match(depthwise, {
    operation: { kind: 'depthwiseConv2d', multiplier: 1, bias: false, dilation: [2, 1] },
    shape: { height: 5, width: 5, channels: 3 },
    weights: { kernel: 0 },
  });
  t.match(pointwise, {
    operation: { kind: 'conv2d', kernel: [1, 1], bias: true },
    shape: { height: 5, width: 5, channels: 5 },
    weights: { kernel: 1, bias: 2 },
  });
});

void t.test('a dense layer on a map is a 1 × 1 convolution, as in tfjs', async (t) => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ ...image, units: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3 }),
    ],
  });
  t.match(modelGraph(model).nodes[0], {
    operation: { kind: 'conv2d', kernel: [1, 1] },
    shape: { height: 9, width: 7, channels: 2 },
  });
});

void t.test('nested models and branches are one graph', async (t) => {
  const input = tf.input({ shape: [9, 7, 3] });
  const inner = tf.sequential({
    layers: [tf.layers.conv2d({ ...image, filters: 3, kernelSize: 1 }), tf.layers.reLU()],
  });
  const inside = inner.apply(input) as tf.SymbolicTensor;
  const sum = tf.layers.add().apply([inside, input]) as tf.SymbolicTensor;
  const both = tf.layers.concatenate().apply([sum, inside]) as tf.SymbolicTensor;
  const pooled = tf.layers.globalMaxPooling2d({}).apply(both) as tf.SymbolicTensor;
  const graph = modelGraph(tf.model({ inputs: input, outputs: pooled }));
  t.same(
    graph.nodes.map((node) => [node.operation.kind, node.inputs.map((edge) => edge.from)]),
    [
      ['conv2d', [INPUT]],
      ['activation', [0]],
      ['add', [1, INPUT]],
      ['concatenate', [2, 1]],
      ['globalMaxPool', [3]],
    ],
  );
});

void t.test('dropout layers are numbered, and ones that drop nothing are left out', async (t) => {
  const model = tf.sequential({
    layers: [
      tf.layers.dropout({ ...image, rate: 0.1 }),
      tf.layers.dropout({ rate: 0 }),
      tf.layers.dropout({ rate: 0.3, noiseShape: [null, 1, 1, null] as unknown as number[] }),
      tf.layers.globalMaxPooling2d({}),
    ],
  });
  t.match(
    modelGraph(model).nodes.map((node) => node.operation),
    [
      { kind: 'dropout', rate: 0.1, spatial: false, ordinal: 0 },
      { kind: 'dropout', rate: 0.3, spatial: true, ordinal: 2 },
      { kind: 'globalMaxPool' },
    ],
  );
});

void t.test('what the engine does not cover is refused by name', async (t) => {
  const l = tf.layers;
  const refused: [string, RegExp, () => tf.Sequential][] = [
    [
      'unknown layers',
      /1:conv2DTranspose.*Conv2DTranspose/,
      () => on(l.conv2dTranspose({ filters: 2, kernelSize: 2 })),
    ],
    ['noise', /1:gaussianNoise/, () => on(l.gaussianNoise({ stddev: 1 }))],
    ['alpha dropout', /1:alphaDropout/, () => on(l.alphaDropout({ rate: 0.5 }))],
    ['PReLU', /1:pReLU/, () => on(l.prelu({}))],
    [
      'regularizers',
      /1:conv2d.*kernelRegularizer/,
      () => on(l.conv2d({ filters: 2, kernelSize: 1, kernelRegularizer: 'l1l2' })),
    ],
    [
      'constraints',
      /1:conv2d.*biasConstraint/,
      () => on(l.conv2d({ filters: 2, kernelSize: 1, biasConstraint: 'nonNeg' })),
    ],
    [
      'hidden constraints',
      /1:depthwiseConv2d.*constraint/,
      () => on(l.depthwiseConv2d({ kernelSize: 1, depthwiseConstraint: 'nonNeg' })),
    ],
    [
      'channels first',
      /1:conv2d.*channelsFirst/,
      () => on(l.conv2d({ filters: 2, kernelSize: 1, dataFormat: 'channelsFirst' })),
    ],
    ['other axes', /1:batchNormalization.*axis 1/, () => on(l.batchNormalization({ axis: 1 }))],
    ['softmax across rows', /1:softmax.*axis 1/, () => on(l.softmax({}))],
    ['other ceilings', /1:reLU.*maxValue 4/, () => on(l.reLU({ maxValue: 4 }))],
    ['unknown activations', /1:activation.*mish/, () => on(l.activation({ activation: 'mish' }))],
    ['rank 3', /1:reshape.*\[21, 9\]/, () => on(l.reshape({ targetShape: [21, 9] }))],
    [
      'dilated depthwise',
      /1:depthwiseConv2d.*dilationRate/,
      () => on(l.depthwiseConv2d({ kernelSize: 2, dilationRate: 2 })),
    ],
    [
      'separable multipliers',
      /1:separableConv2d.*depthMultiplier/,
      () => on(l.separableConv2d({ filters: 2, kernelSize: 1, depthMultiplier: 2 })),
    ],
    [
      'maps as output',
      /gives \[9, 7, 3\]/,
      () => tf.sequential({ layers: [l.dropout({ ...image, rate: 0.5 })] }),
    ],
    [
      'fixed batches',
      /batches of exactly 8/,
      () => tf.sequential({ layers: [l.globalMaxPooling2d({ batchInputShape: [8, 9, 7, 3] })] }),
    ],
  ];
  for (const [title, message, make] of refused) {
    try {
      modelGraph(make());
      t.fail(`${title} should be refused`);
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      t.equal(error.code, 'ENGINE_LAYER_UNSUPPORTED', title);
      t.match(error.message, message, title);
      t.ok(error.hint, `${title}: says what to do`);
    }
  }

  const shared = l.dense({ units: 3 });
  const input = tf.input({ shape: [3] });
  const output = shared.apply(shared.apply(input)) as tf.SymbolicTensor;
  t.throws(() => modelGraph(tf.model({ inputs: input, outputs: output })), {
    message: /2:dense.*more than once/,
  });
  const second = tf.input({ shape: [3] });
  const sum = l.add().apply([input, second]) as tf.SymbolicTensor;
  t.throws(() => modelGraph(tf.model({ inputs: [input, second], outputs: sum })), {
    message: /2 inputs/,
  });
});

/** A model of an image, one layer, and a vector of scores. */
function on(layer: tf.layers.Layer): tf.Sequential {
  const input = tf.layers.inputLayer({ inputShape: [9, 7, 3] });
  return tf.sequential({
    layers: [input, layer, tf.layers.flatten(), tf.layers.dense({ units: 2 })],
  });
}
