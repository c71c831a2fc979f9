import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ImageShape } from '../data/image-set.js';
import { stack, torchUniform } from './stack.js';
import { tf } from './tfjs.js';

/**
 * Five blocks of convolution, ReLU, max pool, batch norm and dropout, then three dense layers:
 * 1,079,370 trainable parameters for 28 × 28 × 1 and 10 classes (maps 28 → 14 → 7 → 4 → 2 → 1).
 *
 * Batch norm: ε as in PyTorch. ρ holds per micro-batch; 0.97 per micro-batch of 32 remembers as
 * many samples as PyTorch's 0.9 per batch of 128 (0.9^¼ = 0.974).
 */
export function lenet5(image: ImageShape, classes: number): LayersModel {
  const kernelInitializer = torchUniform();
  const block = (filters: number) => [
    tf.layers.conv2d({
      filters,
      kernelSize: 3,
      padding: 'same',
      activation: 'relu',
      kernelInitializer,
    }),
    tf.layers.maxPooling2d({ poolSize: 2, strides: 2, padding: 'same' }),
    tf.layers.batchNormalization({ momentum: 0.97, epsilon: 1e-5 }),
    tf.layers.dropout({ rate: 0.1 }),
  ];
  const dense = (units: number, activation: 'relu' | 'softmax') =>
    tf.layers.dense({ units, activation, kernelInitializer });
  return stack('lenet5', image, [
    ...[32, 64, 128, 256, 256].flatMap(block),
    tf.layers.flatten(),
    dense(256, 'relu'),
    tf.layers.dropout({ rate: 0.2 }),
    dense(128, 'relu'),
    tf.layers.dropout({ rate: 0.2 }),
    dense(classes, 'softmax'),
  ]);
}
