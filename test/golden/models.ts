import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CATALOGUE } from '#src/shared/model/catalogue.js';
import { tf } from '#src/shared/model/tfjs.js';
import type { ImageShape } from '#src/shared/data/image-set.js';

/** The networks whose bits are pinned. */
export type ModelBuilder = (image: ImageShape, classes: number) => LayersModel;

/**
 * Every layer and activation that the built-in networks leave out, in one small graph with odd
 * channel counts: each kernel has a say in the digest.
 */
export function medley(image: ImageShape, classes: number): LayersModel {
  const l = tf.layers;
  type Tensor = ReturnType<typeof tf.input>;
  const via = (tensor: Tensor, ...layers: { apply(input: Tensor): unknown }[]) =>
    layers.reduce((value, layer) => layer.apply(value) as Tensor, tensor);

  const input = tf.input({ shape: [image.height, image.width, image.channels] });
  const stem = via(
    input,
    l.zeroPadding2d({ padding: [[1, 0], [0, 1]] }), // prettier-ignore
    l.conv2d({
      filters: 5,
      kernelSize: [3, 2],
      strides: 2,
      padding: 'same',
      activation: 'sigmoid',
    }),
    l.conv2d({ filters: 6, kernelSize: 3, dilationRate: 2, padding: 'same', activation: 'elu' }),
  );
  const depthwise = via(
    stem,
    l.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 1, padding: 'same', activation: 'tanh' }),
    l.leakyReLU({ alpha: 0.1 }),
  );
  const separable = via(
    stem,
    l.separableConv2d({ filters: 6, kernelSize: 5, padding: 'same', activation: 'swish' }),
    l.dropout({ rate: 0.3, noiseShape: [null, 1, 1, null] as unknown as number[] }),
  );
  const sum = l.add().apply([depthwise, separable]) as Tensor;
  const both = l.concatenate().apply([sum, stem]) as Tensor;
  const pooled = via(
    both,
    l.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
    l.batchNormalization({ momentum: 0.9, scale: false }),
    l.conv2d({ filters: 7, kernelSize: 1, activation: 'softplus' }),
    l.maxPooling2d({ poolSize: [2, 3], strides: 2, padding: 'same' }),
  );
  const means = via(
    pooled,
    l.globalAveragePooling2d({}),
    l.dense({ units: 9, activation: 'selu' }),
  );
  const peaks = via(
    pooled,
    l.globalMaxPooling2d({}),
    l.dense({ units: 9, activation: 'hardSigmoid' }),
  );
  const flat = via(
    pooled,
    l.flatten(),
    l.dense({ units: 12, activation: 'softsign', useBias: false }),
    l.reshape({ targetShape: [2, 2, 3] }),
    l.reLU({ maxValue: 6 }),
    l.flatten(),
    l.dense({ units: 9, activation: 'gelu' as never }),
  );
  const joined = l.add().apply([means, peaks, flat]) as Tensor;
  const output = via(joined, l.dense({ units: classes, activation: 'softmax' }));
  return tf.model({ inputs: input, outputs: output as never });
}

export const MODELS: Readonly<Record<string, ModelBuilder>> = {
  lenet5: (image, classes) => CATALOGUE.lenet5.build(image, classes),
  hybrid: (image, classes) => CATALOGUE.hybrid.build(image, classes),
  cnn2bn: (image, classes) => CATALOGUE.cnn2bn.build(image, classes),
  mlp: (image, classes) => CATALOGUE.mlp.build(image, classes),
  cnn2: (image, classes) => CATALOGUE.cnn2.build(image, classes),
  cnn4: (image, classes) => CATALOGUE.cnn4.build(image, classes),
  resnet: (image, classes) => CATALOGUE.resnet.build(image, classes),
  medley,
  augmented: (image, classes) => CATALOGUE.mlp.build(image, classes),
};
