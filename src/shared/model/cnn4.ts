import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ImageShape } from '../data/image-set.js';
import { stack } from './stack.js';
import { tf } from './tfjs.js';

/**
 * Four blocks of convolution, batch norm, ReLU and max pool, with channels that rise from block to
 * block, then dense layers with dropout 0.5 (Tan, R2 of docs/recipes.md). The report gives neither
 * channels nor dense sizes; these are ours: 454,570 trainable parameters for 28 × 28 × 1 and 10
 * classes (maps 28 → 14 → 7 → 4 → 2, the pools with `same` padding). No bias before batch norm,
 * which would take it out again; batch norm as in lenet5.ts.
 */
export function cnn4(image: ImageShape, classes: number): LayersModel {
  const block = (filters: number) => [
    tf.layers.conv2d({
      ...{ filters, kernelSize: 3, padding: 'same', useBias: false },
      kernelInitializer: 'heNormal',
    }),
    tf.layers.batchNormalization({ momentum: 0.97, epsilon: 1e-5 }),
    tf.layers.reLU(),
    tf.layers.maxPooling2d({ poolSize: 2, strides: 2, padding: 'same' }),
  ];
  const dense = (units: number) => [
    tf.layers.dense({ units, activation: 'relu', kernelInitializer: 'heNormal' }),
    tf.layers.dropout({ rate: 0.5 }),
  ];
  return stack('cnn4', image, [
    ...[32, 64, 128, 256].flatMap(block),
    tf.layers.flatten(),
    ...dense(64),
    tf.layers.dense({ units: classes, activation: 'softmax' }),
  ]);
}
