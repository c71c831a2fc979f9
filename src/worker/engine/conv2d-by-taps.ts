import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { weightRole, type LayerNode } from '../../shared/model/graph.js';
import { tf } from '../../shared/model/tfjs.js';

/**
 * A Conv2D layer as a sum of matrix products, one for each tap of its kernel: what a convolution
 * is. tfjs's own gradients of convolutions take ten times as long on its CPU backend, and lack
 * dilation. null where the layer has strides, which tfjs has no differentiable slices for.
 *
 *   y[b, p, q, f] = bias[f] + Σ_{i, j, c} padded x[b, p + i·d, q + j·d, c] · kernel[i, j, c, f]
 */
export function conv2dByTaps({ className, layer, shape }: LayerNode, x: Tensor): Tensor | null {
  const config = layer.getConfig();
  const strides = config['strides'] as number[];
  if (className !== 'Conv2D' || strides.some((stride) => stride !== 1)) return null;
  if (config['dataFormat'] === 'channelsFirst') return null;

  const weights = new Map(layer.weights.map((weight) => [weightRole(weight), weight.read()]));
  const kernel = weights.get('kernel') as Tensor4D;
  const [kernelHeight, kernelWidth, channels, filters] = kernel.shape;
  const [dilationY, dilationX] = pair(config['dilationRate'] as number | number[] | null);
  const [batch] = x.shape as [number];
  const [, height, width] = shape as [null, number, number];
  const around = (size: number, output: number, reach: number): [number, number] => {
    const total = config['padding'] === 'same' ? output + reach - size : 0;
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  };
  const padded = tf.pad(x as Tensor4D, [
    [0, 0],
    around(x.shape[1]!, height, (kernelHeight - 1) * dilationY),
    around(x.shape[2]!, width, (kernelWidth - 1) * dilationX),
    [0, 0],
  ]);

  let sum: Tensor | null = null;
  for (let i = 0; i < kernelHeight; i++) {
    for (let j = 0; j < kernelWidth; j++) {
      const begin = [0, i * dilationY, j * dilationX, 0];
      const seen = tf.slice(padded, begin, [batch, height, width, channels]);
      const tap = tf.slice(kernel, [i, j, 0, 0], [1, 1, channels, filters]);
      const product = tf.matMul(
        tf.reshape(seen, [batch * height * width, channels]),
        tf.reshape(tap, [channels, filters]),
      );
      sum = sum === null ? product : tf.add(sum, product);
    }
  }
  const bias = weights.get('bias');
  if (bias) sum = tf.add(sum!, bias);
  const output = tf.reshape(sum!, [batch, height, width, filters]);
  return (layer as unknown as Activated).activation?.apply(output) ?? output;
}

/** tfjs declares a layer's activation protected. */
interface Activated {
  readonly activation?: { apply(x: Tensor): Tensor };
}

function pair(value: number | readonly number[] | null | undefined): [number, number] {
  if (typeof value === 'number') return [value, value];
  return [value?.[0] ?? 1, value?.[1] ?? value?.[0] ?? 1];
}
