import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ImageShape } from '../data/image-set.js';
import { stack } from './stack.js';
import { tf } from './tfjs.js';

/**
 * Two pairs of convolutions, each with a 3 × 3 pool and dropout, then a small dense head:
 * 297,898 parameters for 28 × 28 × 1 and 10 classes (maps 28 → 9 → 3).
 */
export function hybrid(image: ImageShape, classes: number): LayersModel {
  const kernelInitializer = 'glorotUniform';
  const conv = (filters: number, kernelSize: number) =>
    tf.layers.conv2d({
      filters,
      kernelSize,
      padding: 'same',
      activation: 'relu',
      kernelInitializer,
    });
  return stack('hybrid', image, [
    conv(32, 3),
    conv(64, 3),
    tf.layers.maxPooling2d({ poolSize: 3 }),
    tf.layers.dropout({ rate: 0.2 }),
    conv(64, 3),
    conv(128, 5),
    tf.layers.maxPooling2d({ poolSize: 3 }),
    tf.layers.dropout({ rate: 0.2 }),
    tf.layers.flatten(),
    tf.layers.dense({ units: 32, activation: 'relu', kernelInitializer }),
    tf.layers.dropout({ rate: 0.4 }),
    tf.layers.dense({ units: classes, activation: 'softmax', kernelInitializer }),
  ]);
}
