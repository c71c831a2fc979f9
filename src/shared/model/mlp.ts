import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { OptionsOf } from '../config/model-options/defaults.js';
import type { ImageShape } from '../data/image-set.js';
import { activated, dropout } from './optional-layers.js';
import { stack } from './stack.js';
import { tf } from './tfjs.js';

/**
 * Hidden dense layers with ReLU and dropout (the ANN of R3 of docs/recipes.md, which gives no
 * sizes). By default two: 235,146 trainable parameters for 28 × 28 × 1 and 10 classes.
 */
export function mlp(image: ImageShape, classes: number, options: OptionsOf<'mlp'>): LayersModel {
  const kernelInitializer = 'glorotUniform';
  const hidden = (units: number, i: number) => [
    ...activated(options, (activation) =>
      tf.layers.dense({ units, activation, kernelInitializer }),
    ),
    ...dropout(options.denseDropout[i]!),
  ];
  return stack('mlp', image, [
    tf.layers.flatten(),
    ...options.denseUnits.flatMap(hidden),
    tf.layers.dense({ units: classes, activation: 'softmax', kernelInitializer }),
  ]);
}
