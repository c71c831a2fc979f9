import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayerNode } from '../../../shared/model/graph.js';
import { conv2dByTaps } from '../conv2d-by-taps.js';

/** A dilated convolution, whose gradient TensorFlow.js lacks, as a sum of products; else null. */
export function dilatedByTaps(node: LayerNode, x: Tensor): Tensor | null {
  if (node.className !== 'Conv2D') return null;
  const rates = [node.layer.getConfig()['dilationRate'] ?? 1].flat();
  return rates.some((rate) => rate !== 1) ? conv2dByTaps(node, x) : null;
}
