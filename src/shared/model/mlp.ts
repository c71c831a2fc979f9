import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ImageShape } from '../data/image-set.js';
import { stack } from './stack.js';
import { tf } from './tfjs.js';

/** Two hidden layers with ReLU and dropout: 235,146 parameters for 28 × 28 × 1 and 10 classes. */
export function mlp(image: ImageShape, classes: number): LayersModel {
  const dense = (units: number, activation: 'relu' | 'softmax') =>
    tf.layers.dense({ units, activation, kernelInitializer: 'glorotUniform' });
  return stack('mlp', image, [
    tf.layers.flatten(),
    dense(256, 'relu'),
    tf.layers.dropout({ rate: 0.2 }),
    dense(128, 'relu'),
    tf.layers.dropout({ rate: 0.2 }),
    dense(classes, 'softmax'),
  ]);
}
