import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { OptionsOf } from '../config/model-options/defaults.js';
import type { ImageShape } from '../data/image-set.js';
import { activated, dropout } from './optional-layers.js';
import { stack } from './stack.js';
import { tf } from './tfjs.js';

/**
 * Blocks of convolution with ReLU and max pool, then a dense layer (the CNN of R3 of
 * docs/recipes.md). The report gives neither channels nor units; the defaults are ours: two blocks,
 * 421,576 trainable parameters for 28 × 28 × 1 and 10 classes (maps 28 → 26 → 13 → 11 → 5), with
 * dropout, which the report tuned.
 */
export function cnn2(image: ImageShape, classes: number, options: OptionsOf<'cnn2'>): LayersModel {
  const block = (filters: number, i: number) => [
    ...activated(options, (activation) =>
      tf.layers.conv2d({
        ...{ filters, kernelSize: options.kernelSize[i]!, padding: options.padding[i]! },
        activation,
      }),
    ),
    tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }),
    ...dropout(options.convDropout[i]!),
  ];
  const hidden = (units: number, i: number) => [
    ...activated(options, (activation) => tf.layers.dense({ units, activation })),
    ...dropout(options.denseDropout[i]!),
  ];
  return stack('cnn2', image, [
    ...options.filters.flatMap(block),
    tf.layers.flatten(),
    ...options.denseUnits.flatMap(hidden),
    tf.layers.dense({ units: classes, activation: 'softmax' }),
  ]);
}
