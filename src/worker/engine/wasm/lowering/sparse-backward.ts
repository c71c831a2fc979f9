import type { Conv2dNode, KernelCall, LoweringContext } from '../plan/lowering.js';
import type { FusedPool } from './fused-pool.js';
import { blocksOf, pixelsOf } from './vectors.js';

/** A pool that leaves so few outputs that products with these alone are fewer than Winograd's. */
const FEWEST_PIXELS = 9;

/** Whether the pool's windows lie side by side on the map and are large enough. */
export function isSparse({ pool }: Conv2dNode): boolean {
  if (pool === null) return false;
  const { kernel, strides, pad } = pool.window;
  return (
    kernel[0] * kernel[1] >= FEWEST_PIXELS &&
    strides[0] >= kernel[0] &&
    strides[1] >= kernel[1] &&
    pad[0] === 0 &&
    pad[1] === 0
  );
}

/** The calls of prepare and backward: assembly/sparse-backward.ts. Weights [taps][taps][in][out]. */
export function lowerSparseBackward(
  taps: 3 | 5,
  node: Conv2dNode,
  context: LoweringContext,
  pool: FusedPool,
): { readonly prepare: readonly KernelCall[]; readonly backward: readonly KernelCall[] } {
  const input = context.inputs[0]!;
  const { height, width, channels: inputs } = input.shape;
  const { shape } = context.output;
  const outputs = shape.channels;
  const [pad] = node.pad;
  const square = taps * taps;
  const packedBytes = blocksOf(input.shape) * outputs * square * 16;
  const inputGradient = context.inputGradients[0] ?? 0;
  const weightGradient = context.gradient('kernel') ?? 0;
  const biasGradient = node.bias ? (context.gradient('bias') ?? 0) : 0;
  const packed = inputGradient === 0 ? 0 : context.shared(packedBytes);
  const plane = context.scratch(2 * (height + 2 * pad) * (width + 2 * pad) * 16);
  const sums = weightGradient === 0 ? 0 : context.scratch(packedBytes);
  const lists = context.scratch(
    1024 + (outputs + 3) * 4 + (outputs * pixelsOf(shape) + 1) * 8 + blocksOf(shape) * 16,
  );
  const [window, places] = pool.operands;
  return {
    prepare:
      packed === 0
        ? []
        : [
            {
              kernel: 'packSparse',
              args: [['part'], ['parts'], context.weight('kernel'), taps, inputs, outputs, packed], // prettier-ignore
              split: 'parts',
            },
          ],
    backward: [
      ...pool.describe,
      {
        kernel: 'sparseBackward',
        split: 'parts',
        args: [
          ['part'],
          ['parts'],
          ['add'],
          taps,
          input,
          height,
          width,
          inputs,
          pad,
          outputs,
          ['batch'],
          context.outputGradient,
          inputGradient,
          weightGradient,
          biasGradient,
          packed,
          window!,
          places!,
          plane,
          sums,
          lists,
        ],
      },
    ],
  };
}
