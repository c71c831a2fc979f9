import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs';

const l = tf.layers;

/** Small random models for comparing engines: any kind of layer, and those that have fast paths. */
type Random = (limit: number) => number;

/** A few layers on a small image, with branches that meet again, then a dense head. */
export function randomModel(random: Random): LayersModel {
  const pick = <T>(items: readonly T[]): T => items[random(items.length)]!;
  const size = () => 3 + random(7);
  const input = tf.input({ shape: [size(), size(), pick([1, 2, 3, 4, 5])] });
  let x = l
    .conv2d({ filters: 1 + random(9), kernelSize: 1 + random(3), padding: 'same' })
    .apply(input) as tf.SymbolicTensor;
  for (let depth = 1 + random(5); depth > 0; depth--) x = randomBlock(x, random);
  if (random(3) === 0) x = l.globalAveragePooling2d({}).apply(x) as tf.SymbolicTensor;
  else x = l.flatten().apply(x) as tf.SymbolicTensor;
  if (random(2) === 0) x = l.dropout({ rate: 0.25 }).apply(x) as tf.SymbolicTensor;
  if (random(2) === 0) {
    x = l.dense({ units: 1 + random(20), activation: 'relu' }).apply(x) as tf.SymbolicTensor;
  }
  const activation = pick(['linear', 'softmax'] as const);
  const output = l.dense({ units: 2 + random(9), activation }).apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: output });
}

function randomBlock(x: tf.SymbolicTensor, random: Random): tf.SymbolicTensor {
  const pick = <T>(items: readonly T[]): T => items[random(items.length)]!;
  const apply = (layer: tf.layers.Layer, to: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
    layer.apply(to) as tf.SymbolicTensor;
  const [, height, width, channels] = x.shape as [null, number, number, number];
  const reach = Math.min(height, width);
  const kernelSize = 1 + random(Math.min(reach, 5));
  const padding = pick(['same', 'valid'] as const);
  const activation = pick(['linear', 'relu', 'relu', 'tanh', 'elu', 'swish'] as const);
  const strides = pick([1, 1, 1, 2, 3]);
  const useBias = random(3) > 0;
  const filters = 1 + random(9);
  switch (random(12)) {
    case 0:
    case 1:
    case 2:
      return apply(
        l.conv2d({
          filters,
          kernelSize,
          padding,
          strides,
          activation: activation as 'relu',
          useBias,
        }),
        x,
      );
    case 3:
      return apply(
        l.depthwiseConv2d({
          kernelSize,
          padding,
          strides,
          depthMultiplier: 1 + random(3),
          useBias,
        }),
        x,
      );
    case 4:
      return apply(l.separableConv2d({ filters, kernelSize, padding, useBias }), x);
    case 5: {
      const poolSize = 1 + random(Math.min(reach, 3));
      // Under 'same', tfjs's gradient of average pooling divides by pixels that do not exist.
      if (random(3) === 0) return apply(l.averagePooling2d({ poolSize, strides }), x);
      return apply(l.maxPooling2d({ poolSize, strides, padding }), x);
    }
    case 6:
      return apply(l.batchNormalization({ epsilon: 1e-3 }), x);
    case 7: {
      const noiseShape = [null, 1, 1, null] as unknown as number[];
      return apply(l.dropout({ rate: 0.3, ...(random(2) === 0 ? { noiseShape } : {}) }), x);
    }
    case 8:
      return apply(l.zeroPadding2d({ padding: [random(2), 1 + random(2)] }), x);
    case 9: {
      const options = { filters: channels, kernelSize: 3, padding: 'same' } as const;
      const branch = apply(l.conv2d({ ...options, activation: activation as 'relu' }), x);
      return apply(l.add(), pick([[x, branch], [branch, x, branch]])); // prettier-ignore
    }
    case 10: {
      const branch = apply(l.conv2d({ filters, kernelSize: 1, activation: 'relu' }), x);
      return apply(l.concatenate(), [x, branch, x]);
    }
    default:
      return apply(l.reshape({ targetShape: [width, height, channels] }), x);
  }
}

export function summary(model: LayersModel): string {
  return model.layers
    .map((layer) => `${layer.getClassName()} ${(layer.outputShape as number[]).slice(1).join('×')}`)
    .join(', ');
}

/**
 * One or two of the blocks that convolution kernels do in one go: 3 × 3 and 5 × 5 windows, with a
 * bias or without, batch norm, ReLU, dropout and pools of all kinds behind them, on maps whose tiles
 * are of one size and of several.
 */
export function randomConvNet(random: Random): LayersModel {
  const pick = <T>(items: readonly T[]): T => items[random(items.length)]!;
  const apply = (layer: tf.layers.Layer, to: tf.SymbolicTensor) =>
    layer.apply(to) as tf.SymbolicTensor;
  const isGrey = random(2) === 0;
  const side = () => pick([2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14]);
  const input = tf.input({ shape: [side() + 2, side() + 2, isGrey ? 1 : 8 + random(5)] });
  let x: tf.SymbolicTensor = input;
  for (let depth = 1 + random(2); depth > 0; depth--) {
    const [, height, width] = x.shape as [null, number, number, number];
    const reach = Math.min(height, width);
    const kernelSize = reach > 5 ? pick([3, 3, 5]) : 3;
    const padding = reach > kernelSize ? pick(['same', 'same', 'valid'] as const) : 'same';
    const useBias = random(3) > 0;
    x = apply(l.conv2d({ filters: 8 + random(7), kernelSize, padding, useBias }), x);
    const hasNorm = random(3) === 0;
    if (hasNorm) x = apply(l.batchNormalization({ epsilon: 1e-3 }), x);
    if (random(4) > 0) x = apply(l.reLU(), x);
    if (random(4) > 0) {
      const [, h, w] = x.shape as [null, number, number, number];
      const poolSize = Math.min(h, w, pick([2, 2, 3, 3, 4]));
      const strides = random(4) === 0 ? 1 + random(3) : poolSize;
      x = apply(l.maxPooling2d({ poolSize, strides, padding: pick(['same', 'valid']) }), x);
    }
    if (random(3) === 0) x = apply(l.batchNormalization({ epsilon: 1e-3 }), x);
    if (random(3) === 0) x = apply(l.dropout({ rate: 0.25 }), x);
  }
  x = apply(l.flatten(), x);
  if (random(2) === 0) x = apply(l.dense({ units: 1 + random(20), activation: 'relu' }), x);
  const output = apply(l.dense({ units: 2 + random(9) }), x);
  return tf.model({ inputs: input, outputs: output });
}
