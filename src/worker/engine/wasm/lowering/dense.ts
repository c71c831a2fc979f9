import type { DenseNode, Lowered, Lowering } from '../plan/lowering.js';
import { lowerWindowProduct } from './window-product.js';

/**
 * Dense layer with bias and ReLU. Over a map it is a convolution whose window is the whole map:
 * its weights [(y·W + x)·C + c][out] are those of the window, [y][x][c][out].
 */
export const lowerDense: Lowering<DenseNode> = (node, context): Lowered => {
  const { height, width } = context.inputs[0]!.shape;
  return lowerWindowProduct(
    {
      kernel: [height, width],
      strides: [1, 1],
      dilation: [1, 1],
      pad: [0, 0],
      bias: node.bias,
      relu: node.activation === 'relu',
      maskGradient: node.maskGradient,
    },
    context,
  );
};
