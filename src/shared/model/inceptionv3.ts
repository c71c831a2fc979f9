import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { OptionsOf } from '../config/model-options/defaults.js';
import type { ImageShape } from '../data/image-set.js';
import { namedInOrder } from './apply-layers.js';
import { enlarge } from './enlarge.js';
import { inceptionBase } from './inception-base.js';
import { activated, dropout } from './optional-layers.js';
import { tf } from './tfjs.js';

/**
 * Inception v3 for transfer learning (planned by Tan, R2 of docs/recipes.md; Szegedy et al. 2015):
 * images enlarged and spread over three channels, the base without its top, frozen but for its last
 * blocks where asked for, global average pooling, a dense layer with ReLU and dropout. With 256 units,
 * which are ours, and all of the base frozen: 527,114 trainable parameters for 10 classes, 22,329,904
 * weights in all. Images go through the base as 150 × 150 × 3 (maps 150 → 35 → 16 → 7 → 3).
 */
export function inceptionv3(
  image: ImageShape,
  classes: number,
  options: OptionsOf<'inceptionv3'>,
): LayersModel {
  const apply = namedInOrder();
  const input = tf.input({ shape: [image.height, image.width, image.channels], name: 'image' });
  const photograph = enlarge(apply, input, options.imageSize);
  let x: SymbolicTensor = inceptionBase(apply, photograph, options.unfrozenBlocks);
  x = apply(tf.layers.globalAveragePooling2d({}), x);
  options.denseUnits.forEach((units, i) => {
    const layers = [
      ...activated(options, (activation) => tf.layers.dense({ units, activation })),
      ...dropout(options.denseDropout[i]!),
    ];
    for (const layer of layers) x = apply(layer, x);
  });
  const output = apply(tf.layers.dense({ units: classes, activation: 'softmax' }), x);
  return tf.model({ inputs: input, outputs: output, name: 'inceptionv3' });
}
