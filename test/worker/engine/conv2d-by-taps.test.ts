import t from 'tap';
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import { topologicalLayers } from '#src/shared/model/graph.js';
import { tf } from '#src/shared/model/tfjs.js';
import { conv2dByTaps } from '#src/worker/engine/conv2d-by-taps.js';

type ConvArguments = Partial<Parameters<typeof tf.layers.conv2d>[0]>;

/** Output and gradients of a conv layer, by tfjs and by taps, for a weighted sum of its outputs. */
function compare(options: ConvArguments, height: number, width: number, channels: number) {
  const layer = tf.layers.conv2d({
    filters: 3,
    kernelSize: 3,
    biasInitializer: 'randomNormal',
    inputShape: [height, width, channels],
    ...options,
  });
  const node = topologicalLayers(tf.sequential({ layers: [layer] }))[1]!;
  const x = tf.randomNormal([2, height, width, channels], 0, 1, 'float32', 17);
  const kernel = layer.weights.map((weight) => weight.read() as Variable);
  const results = (forward: (input: Tensor) => Tensor) => {
    const image = tf.variable(x);
    const y = forward(image);
    const factors = tf.randomNormal(y.shape, 0, 1, 'float32', 18);
    const { grads } = tf.variableGrads(
      () => tf.sum<Scalar>(tf.mul(forward(image), factors)),
      [...kernel, image],
    );
    return [y, ...[...kernel, image].map((variable) => grads[variable.name]!)];
  };
  return {
    own: results((input) => conv2dByTaps(node, input)!),
    tfjs: results((input) => layer.apply(input) as Tensor),
  };
}

const CASES: readonly [string, ConvArguments, number, number, number][] = [
  ['same padding', { padding: 'same' }, 5, 4, 2],
  ['valid padding', { padding: 'valid' }, 5, 4, 1],
  ['an even kernel, same padding', { padding: 'same', kernelSize: [2, 4] }, 4, 5, 3],
  ['a kernel larger than the map', { padding: 'same', kernelSize: 5 }, 2, 1, 2],
  ['one pixel', { padding: 'same', kernelSize: 1 }, 1, 1, 5],
  ['an activation', { padding: 'valid', activation: 'tanh' }, 4, 4, 2],
  ['no bias', { useBias: false }, 4, 3, 2],
];

t.test('taps give the outputs and gradients of tfjs’s own convolution', async (t) => {
  for (const [name, options, ...shape] of CASES) {
    const { own, tfjs } = compare(options, ...shape);
    t.equal(own.length, tfjs.length);
    own.forEach((tensor, i) => {
      t.same(tensor.shape, tfjs[i]!.shape);
      const error = tf.max(tf.abs(tf.sub(tensor, tfjs[i]!))).dataSync()[0]!;
      t.ok(error < 1e-5, `${name}, ${i}: off by ${error}`);
    });
  }
});

t.test('dilation, whose gradient tfjs lacks, gives tfjs’s outputs', async (t) => {
  for (const padding of ['same', 'valid'] as const) {
    const layer = tf.layers.conv2d({
      filters: 3,
      kernelSize: 3,
      padding,
      dilationRate: [2, 1],
      inputShape: [7, 6, 2],
    });
    const node = topologicalLayers(tf.sequential({ layers: [layer] }))[1]!;
    const x = tf.randomNormal([2, 7, 6, 2], 0, 1, 'float32', 17);
    const difference = tf.sub(conv2dByTaps(node, x)!, layer.apply(x) as Tensor);
    t.ok(tf.max(tf.abs(difference)).dataSync()[0]! < 1e-5);
  }
});

t.test('layers with strides are left to tfjs', async (t) => {
  const layer = tf.layers.conv2d({ filters: 1, kernelSize: 2, strides: 2, inputShape: [4, 4, 1] });
  const node = topologicalLayers(tf.sequential({ layers: [layer] }))[1]!;
  t.equal(conv2dByTaps(node, tf.ones([1, 4, 4, 1])), null);
});
