import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ImageShape } from '../data/image-set.js';
import { stack } from './stack.js';
import { tf } from './tfjs.js';

/**
 * Two blocks of convolution with ReLU and max pool, then a dense layer (R3 of docs/recipes.md). The
 * report gives neither channels nor units; these are ours: 421,576 trainable parameters for 28 × 28
 * × 1 and 10 classes (maps 28 → 26 → 13 → 11 → 5), with dropout, which the report tuned.
 */
export function cnn2(image: ImageShape, classes: number): LayersModel {
  const block = (filters: number) => [
    tf.layers.conv2d({ filters, kernelSize: 3, activation: 'relu' }),
    tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }),
    tf.layers.dropout({ rate: 0.25 }),
  ];
  return stack('cnn2', image, [
    ...[32, 64].flatMap(block),
    tf.layers.flatten(),
    tf.layers.dense({ units: 250, activation: 'relu' }),
    tf.layers.dropout({ rate: 0.5 }),
    tf.layers.dense({ units: classes, activation: 'softmax' }),
  ]);
}
