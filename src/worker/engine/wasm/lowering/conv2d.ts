import type { Conv2dNode, Lowered, Lowering, MapShape, PoolNode } from '../plan/lowering.js';
import { keepsPlaces } from './fused-pool.js';
import { isFirstLayer, lowerFirstLayer } from './first-layer.js';
import { lowerWindowProduct } from './window-product.js';
import { lowerWinograd, winogradForm } from './winograd.js';

/**
 * Convolution with bias, ReLU and max pool: a kernel of its own for the first layer of networks for
 * grey images, Winograd's minimal filtering for 3 × 3 and 5 × 5 windows that move by one, products
 * over windows for all others. The choice depends on shapes alone.
 */
export const lowerConv2d: Lowering<Conv2dNode> = (node, context): Lowered => {
  const input = context.inputs[0]!.shape;
  const { pool } = node;
  if (pool && isFirstLayer(node, input, pool.map, pool.window, context.output.shape)) {
    return lowerFirstLayer(node, context);
  }
  const form = winogradForm(node, input, pool?.map ?? context.output.shape);
  if (form !== null) return lowerWinograd(form, node, context);
  return lowerWindowProduct({ ...node, relu: node.activation === 'relu' }, context);
};

/**
 * Whether the convolution's kernel can do the max pool behind it. `isFirst`: its input are images,
 * of which nobody wants a gradient.
 */
export function takesPool(
  node: Conv2dNode,
  input: MapShape,
  map: MapShape,
  pool: PoolNode,
  pooled: MapShape,
  isFirst: boolean,
): boolean {
  if (pool.kind !== 'maxPool') return false;
  if (isFirst && isFirstLayer(node, input, map, pool, pooled)) return true;
  const form = winogradForm(node, input, map);
  return form !== null && form.chunkSamples > 0 && keepsPlaces(pool);
}
