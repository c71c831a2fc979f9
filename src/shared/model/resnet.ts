import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { OptionsOf } from '../config/model-options/defaults.js';
import type { ImageShape } from '../data/image-set.js';
import { namedInOrder } from './apply-layers.js';
import { activationLayer } from './optional-layers.js';
import { tf } from './tfjs.js';

/**
 * A residual network without max pools, for small images (Tan, R2 of docs/recipes.md; He et al.
 * 2016, section 4.2): a convolution with the channels of the first stage, then stages of blocks,
 * each stage but the first at half the size; global average pooling, dense. A block is two 3 × 3
 * convolutions with batch norm beside a shortcut; where shapes differ, that is a 1 × 1 projection
 * (option B). The report gives no sizes; the defaults are ours: three stages of two blocks with 16,
 * 32 and 64 channels, 174,970 trainable parameters for 28 × 28 × 1 and 10 classes (maps 28 → 28 →
 * 14 → 7). Batch norm as in lenet5.ts.
 */
export function resnet(
  image: ImageShape,
  classes: number,
  options: OptionsOf<'resnet'>,
): LayersModel {
  const apply = namedInOrder();
  const conv = (x: SymbolicTensor, filters: number, kernelSize: number, strides: number) =>
    apply(
      tf.layers.conv2d({
        ...{ filters, kernelSize, strides, padding: 'same', useBias: false },
        kernelInitializer: 'heNormal',
      }),
      x,
    );
  const normalize = (x: SymbolicTensor) =>
    apply(tf.layers.batchNormalization({ momentum: 0.97, epsilon: 1e-5 }), x);
  const relu = (x: SymbolicTensor) => apply(activationLayer(options), x);
  const block = (x: SymbolicTensor, filters: number, strides: number) => {
    const inner = relu(normalize(conv(x, filters, 3, strides)));
    const body = normalize(conv(inner, filters, 3, 1));
    const isSame = strides === 1 && x.shape.at(-1) === filters;
    const shortcut = isSame ? x : normalize(conv(x, filters, 1, strides));
    return relu(apply(tf.layers.add(), [body, shortcut]));
  };

  const input = tf.input({ shape: [image.height, image.width, image.channels], name: 'image' });
  let x = relu(normalize(conv(input, options.filters[0]!, 3, 1)));
  options.filters.forEach((filters, stage) => {
    for (let i = 0; i < options.residualBlocks[stage]!; i++) {
      x = block(x, filters, stage > 0 && i === 0 ? 2 : 1);
    }
  });
  const means = apply(tf.layers.globalAveragePooling2d({}), x);
  const output = apply(tf.layers.dense({ units: classes, activation: 'softmax' }), means);
  return tf.model({ inputs: input, outputs: output, name: 'resnet' });
}
