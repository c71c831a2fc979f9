import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ImageShape } from '../data/image-set.js';
import { stack, torchUniform } from './stack.js';
import { tf } from './tfjs.js';

/**
 * Two convolutions with batch norm, then three linear layers with one dropout and, as published,
 * no activation between them: 1,475,242 trainable parameters for 28 × 28 × 1 and 10 classes (maps
 * 28 → 14 → 12 → 6). The convolutions have no bias, since batch norm would take it out again.
 * Batch norm as in lenet5.ts.
 */
export function cnn2bn(image: ImageShape, classes: number): LayersModel {
  const kernelInitializer = torchUniform();
  const block = (filters: number, padding: 'same' | 'valid') => [
    tf.layers.conv2d({ filters, kernelSize: 3, padding, useBias: false, kernelInitializer }),
    tf.layers.batchNormalization({ momentum: 0.97, epsilon: 1e-5 }),
    tf.layers.reLU(),
    tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }),
  ];
  return stack('cnn2bn', image, [
    ...block(32, 'same'),
    ...block(64, 'valid'),
    tf.layers.flatten(),
    tf.layers.dense({ units: 600, kernelInitializer }),
    tf.layers.dropout({ rate: 0.25 }),
    tf.layers.dense({ units: 120, kernelInitializer }),
    tf.layers.dense({ units: classes, activation: 'softmax', kernelInitializer }),
  ]);
}
