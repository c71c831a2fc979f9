import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { OptionsOf } from '../config/model-options/defaults.js';
import type { ImageShape } from '../data/image-set.js';
import { activated, dropout } from './optional-layers.js';
import { stack } from './stack.js';
import { tf } from './tfjs.js';

/**
 * Pairs of convolutions, each pair with a 3 × 3 pool and dropout, then a small dense head (Naudin,
 * R5 of docs/recipes.md). By default two pairs, the last convolution 5 × 5: 297,898 trainable
 * parameters for 28 × 28 × 1 and 10 classes (maps 28 → 9 → 3).
 */
export function hybrid(
  image: ImageShape,
  classes: number,
  options: OptionsOf<'hybrid'>,
): LayersModel {
  const kernelInitializer = 'glorotUniform';
  const { kernelSize, padding, convDropout, denseDropout } = options;
  const conv = (filters: number, i: number) => [
    ...activated(options, (activation) =>
      tf.layers.conv2d({
        filters,
        kernelSize: kernelSize[i]!,
        padding: padding[i]!,
        activation,
        kernelInitializer,
      }),
    ),
    ...(i % 2 === 0
      ? []
      : [tf.layers.maxPooling2d({ poolSize: 3 }), ...dropout(convDropout[(i - 1) / 2]!)]),
  ];
  const hidden = (units: number, i: number) => [
    ...activated(options, (activation) =>
      tf.layers.dense({ units, activation, kernelInitializer }),
    ),
    ...dropout(denseDropout[i]!),
  ];
  return stack('hybrid', image, [
    ...options.filters.flatMap(conv),
    tf.layers.flatten(),
    ...options.denseUnits.flatMap(hidden),
    tf.layers.dense({ units: classes, activation: 'softmax', kernelInitializer }),
  ]);
}
