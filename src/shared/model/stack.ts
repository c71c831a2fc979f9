import type { Sequential } from '@tensorflow/tfjs-layers';
import type { ImageShape } from '../data/image-set.js';
import type { Layer } from './graph.js';
import { tf } from './tfjs.js';

/**
 * A sequential model of these layers over an image. Layers are named by kind and place, so that
 * the saved model is the same file whatever else the process has built. The weights are zeros:
 * Lockstep draws its own (initial-weights.ts), and tfjs's would cost time and be lost.
 */
export function stack(name: string, image: ImageShape, layers: readonly Layer[]): Sequential {
  const model = tf.sequential({ name });
  const inputShape = [image.height, image.width, image.channels];
  model.add(tf.layers.inputLayer({ inputShape, name: 'image' }));
  layers.forEach((layer, index) => {
    layer.name = `${index + 1}_${layer.getClassName().toLowerCase()}`;
    layer.setFastWeightInitDuringBuild(true);
    model.add(layer);
  });
  return model;
}

/** U(−1/√fanIn, 1/√fanIn): how PyTorch starts the kernels of its linear and conv layers. */
export function torchUniform() {
  return tf.initializers.varianceScaling({
    scale: 1 / 3,
    mode: 'fanIn',
    distribution: 'uniform',
  });
}
