import type { Conv2dNode, Lowered, Lowering, LoweringContext } from '../plan/lowering.js';
import { lowerWindowProduct } from './window-product.js';
import { PAIR, lowerWinograd, winogradForm } from './winograd.js';
import type { WinogradForm } from './winograd.js';

/** Below so many channels, in or out, the transforms cost more than the products they save. */
const WINOGRAD_CHANNELS = 8;

/**
 * Convolution with bias and ReLU: Winograd's minimal filtering for 3×3 windows that move by one,
 * products over windows for all others. The choice depends on shapes alone.
 */
export const lowerConv2d: Lowering<Conv2dNode> = (node, context): Lowered => {
  const relu = node.activation === 'relu';
  const { bias, maskGradient } = node;
  const form = formFor(node, context);
  if (form !== null) {
    return lowerWinograd(
      { form, pad: form === PAIR ? 0 : node.pad[0], bias, relu, maskGradient },
      context,
    );
  }
  return lowerWindowProduct({ ...node, relu }, context);
};

function formFor(node: Conv2dNode, context: LoweringContext): WinogradForm | null {
  const input = context.inputs[0]!.shape;
  const output = context.output.shape;
  const isPlain =
    [...node.kernel].every((size) => size === 3) &&
    [...node.strides, ...node.dilation].every((step) => step === 1);
  if (!isPlain) return null;
  if (Math.min(input.channels, output.channels) < WINOGRAD_CHANNELS) return null;
  const [top, left] = node.pad;
  const fits = (pad: number) =>
    top === pad &&
    left === pad &&
    output.height === input.height + 2 * pad - 2 &&
    output.width === input.width + 2 * pad - 2;
  if (!fits(0) && !fits(1)) return null;
  return winogradForm(output.height, output.width, fits(1));
}
