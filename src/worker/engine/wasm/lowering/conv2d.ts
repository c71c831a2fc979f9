import type { Conv2dNode, Lowered, Lowering, MapShape, PoolNode } from '../plan/lowering.js';
import { lowerWindowProduct } from './window-product.js';
import { lowerWinograd, winogradForm } from './winograd.js';

/**
 * Convolution with bias and ReLU: Winograd's minimal filtering for 3 × 3 and 5 × 5 windows that
 * move by one, products over windows for all others. The choice depends on shapes alone.
 */
export const lowerConv2d: Lowering<Conv2dNode> = (node, context): Lowered => {
  const form = winogradForm(node, context.inputs[0]!.shape, node.pool?.map ?? context.output.shape);
  if (form !== null) return lowerWinograd(form, node, context);
  return lowerWindowProduct({ ...node, relu: node.activation === 'relu' }, context);
};

/** Most pixels of a window whose places fit a byte, beside the one that means nowhere. */
const WINDOW_MAX = 255;

/** Whether the convolution's kernel can do the max pool behind it. */
export function takesPool(
  node: Conv2dNode,
  input: MapShape,
  map: MapShape,
  { kind, kernel, dilation }: PoolNode,
): boolean {
  if (kind !== 'maxPool' || kernel[0] * kernel[1] > WINDOW_MAX) return false;
  if (dilation.some((rate) => rate !== 1)) return false;
  const form = winogradForm(node, input, map);
  return form !== null && form.chunkSamples > 0;
}
