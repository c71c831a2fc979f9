import { lowerActivation } from '../lowering/activation.js';
import { lowerBatchNorm } from '../lowering/batch-norm.js';
import { lowerConv2d } from '../lowering/conv2d.js';
import { lowerDense } from '../lowering/dense.js';
import { lowerDepthwise } from '../lowering/depthwise.js';
import { lowerDropout } from '../lowering/dropout.js';
import { lowerGlobalPool } from '../lowering/global-pool.js';
import { lowerPool } from '../lowering/pool.js';
import { lowerUpSample } from '../lowering/up-sample.js';
import { lowerAdd, lowerConcatenate, lowerReshape, lowerZeroPad } from '../lowering/shape.js';
import type { GraphNode, Lowered, LoweringContext } from './lowering.js';

/** The kernel calls of a node, whatever its kind. */
export function lowerNode(node: GraphNode, context: LoweringContext): Lowered {
  switch (node.kind) {
    case 'conv2d':
      return lowerConv2d(node, context);
    case 'depthwiseConv2d':
      return lowerDepthwise(node, context);
    case 'dense':
      return lowerDense(node, context);
    case 'maxPool':
    case 'averagePool':
      return lowerPool(node, context);
    case 'globalMaxPool':
    case 'globalAveragePool':
      return lowerGlobalPool(node, context);
    case 'batchNorm':
      return lowerBatchNorm(node, context);
    case 'dropout':
      return lowerDropout(node, context);
    case 'activation':
      return lowerActivation(node, context);
    case 'reshape':
      return lowerReshape(node, context);
    case 'zeroPad':
      return lowerZeroPad(node, context);
    case 'upSample':
      return lowerUpSample(node, context);
    case 'add':
      return lowerAdd(node, context);
    case 'concatenate':
      return lowerConcatenate(node, context);
  }
}
