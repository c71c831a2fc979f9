import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { OptionsOf } from '../config/model-options/defaults.js';
import type { ImageShape } from '../data/image-set.js';
import { activationLayer, dropout } from './optional-layers.js';
import { stack, torchUniform } from './stack.js';
import { tf } from './tfjs.js';

/**
 * Convolutions with batch norm, then linear layers and, as published, no activation between them
 * (Sharifi, Hannesdottir and Dan, R4 of docs/recipes.md). By default two convolutions and three
 * linear layers with one dropout: 1,475,242 trainable parameters for 28 × 28 × 1 and 10 classes
 * (maps 28 → 14 → 12 → 6). The convolutions have no bias, since batch norm would take it out again.
 * Batch norm as in lenet5.ts.
 */
export function cnn2bn(
  image: ImageShape,
  classes: number,
  options: OptionsOf<'cnn2bn'>,
): LayersModel {
  const kernelInitializer = torchUniform();
  const block = (filters: number, i: number) => [
    tf.layers.conv2d({
      ...{ filters, kernelSize: options.kernelSize[i]!, padding: options.padding[i]! },
      ...{ useBias: false, kernelInitializer },
    }),
    tf.layers.batchNormalization({ momentum: 0.97, epsilon: 1e-5 }),
    activationLayer(options),
    tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }),
    ...dropout(options.convDropout[i]!),
  ];
  const hidden = (units: number, i: number) => [
    tf.layers.dense({ units, kernelInitializer }),
    ...dropout(options.denseDropout[i]!),
  ];
  return stack('cnn2bn', image, [
    ...options.filters.flatMap(block),
    tf.layers.flatten(),
    ...options.denseUnits.flatMap(hidden),
    tf.layers.dense({ units: classes, activation: 'softmax', kernelInitializer }),
  ]);
}
