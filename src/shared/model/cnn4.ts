import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { OptionsOf } from '../config/model-options/defaults.js';
import type { ImageShape } from '../data/image-set.js';
import { activated, activationLayer, dropout } from './optional-layers.js';
import { stack } from './stack.js';
import { tf } from './tfjs.js';

/**
 * Blocks of convolution, batch norm, ReLU and max pool, with channels that rise from block to
 * block, then dense layers with dropout 0.5 (Tan, R2 of docs/recipes.md). The report gives neither
 * channels nor dense sizes; the defaults are ours: four blocks and one hidden dense layer, 454,570
 * trainable parameters for 28 × 28 × 1 and 10 classes (maps 28 → 14 → 7 → 4 → 2, the pools with
 * `same` padding). No bias before batch norm, which would take it out again; batch norm as in
 * lenet5.ts.
 */
export function cnn4(image: ImageShape, classes: number, options: OptionsOf<'cnn4'>): LayersModel {
  const kernelInitializer = 'heNormal';
  const block = (filters: number, i: number) => [
    tf.layers.conv2d({
      ...{ filters, kernelSize: options.kernelSize[i]!, padding: options.padding[i]! },
      ...{ useBias: false, kernelInitializer },
    }),
    tf.layers.batchNormalization({ momentum: 0.97, epsilon: 1e-5 }),
    activationLayer(options),
    tf.layers.maxPooling2d({ poolSize: 2, strides: 2, padding: 'same' }),
    ...dropout(options.convDropout[i]!),
  ];
  const hidden = (units: number, i: number) => [
    ...activated(options, (activation) =>
      tf.layers.dense({ units, activation, kernelInitializer }),
    ),
    ...dropout(options.denseDropout[i]!),
  ];
  return stack('cnn4', image, [
    ...options.filters.flatMap(block),
    tf.layers.flatten(),
    ...options.denseUnits.flatMap(hidden),
    tf.layers.dense({ units: classes, activation: 'softmax' }),
  ]);
}
