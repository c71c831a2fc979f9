import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { OptionsOf } from '../config/model-options/defaults.js';
import type { ImageShape } from '../data/image-set.js';
import { activated, dropout } from './optional-layers.js';
import { stack, torchUniform } from './stack.js';
import { tf } from './tfjs.js';

/**
 * Blocks of convolution, ReLU, max pool, batch norm and dropout, then dense layers (Le Glouanec, R1
 * of docs/recipes.md, after LeCun et al. 1998). By default five blocks and three dense layers:
 * 1,079,370 trainable parameters for 28 × 28 × 1 and 10 classes (maps 28 → 14 → 7 → 4 → 2 → 1).
 *
 * Batch norm: ε as in PyTorch. ρ holds per micro-batch; 0.97 per micro-batch of 32 remembers as
 * many samples as PyTorch's 0.9 per batch of 128 (0.9^¼ = 0.974).
 */
export function lenet5(
  image: ImageShape,
  classes: number,
  options: OptionsOf<'lenet5'>,
): LayersModel {
  const kernelInitializer = torchUniform();
  const { kernelSize, padding, convDropout, denseDropout } = options;
  const block = (filters: number, i: number) => [
    ...activated(options, (activation) =>
      tf.layers.conv2d({
        filters,
        kernelSize: kernelSize[i]!,
        padding: padding[i]!,
        activation,
        kernelInitializer,
      }),
    ),
    tf.layers.maxPooling2d({ poolSize: 2, strides: 2, padding: 'same' }),
    tf.layers.batchNormalization({ momentum: 0.97, epsilon: 1e-5 }),
    ...dropout(convDropout[i]!),
  ];
  const hidden = (units: number, i: number) => [
    ...activated(options, (activation) =>
      tf.layers.dense({ units, activation, kernelInitializer }),
    ),
    ...dropout(denseDropout[i]!),
  ];
  return stack('lenet5', image, [
    ...options.filters.flatMap(block),
    tf.layers.flatten(),
    ...options.denseUnits.flatMap(hidden),
    tf.layers.dense({ units: classes, activation: 'softmax', kernelInitializer }),
  ]);
}
