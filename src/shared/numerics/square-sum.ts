import { clippedGradient, type GradientScale } from './clipping.js';

/**
 * Sums of squares in an order that does not depend on who adds. A parameter is cut into blocks;
 * each block's sum is one thread's work, and a parameter's sum is that of its blocks in order.
 */

/** Elements of a block; the last one of a parameter has what remains. */
export const BLOCK_ELEMENTS = 4096;

/** A vector's own squares: of weights, not of sums over samples. */
export const AS_IT_IS: GradientScale = { samples: 1, limit: Infinity };

/**
 * Σ x² of the gradient that a row says, in float64: element i goes to accumulator i mod 4, and the end is
 * ((0 + 2) + (1 + 3)), as in the kernel squareSum, bit for bit.
 */
export function squareSum(values: Float32Array, scale: GradientScale): number {
  const rounded = { samples: Math.fround(scale.samples), limit: Math.fround(scale.limit) };
  const sums = [0, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const x = clippedGradient(values[i]!, rounded);
    sums[i % 4]! += x * x;
  }
  return sums[0]! + sums[2]! + (sums[1]! + sums[3]!);
}

/** The same of a whole parameter: block by block. */
export function blockedSquareSum(values: Float32Array, scale: GradientScale): number {
  let sum = 0;
  for (let first = 0; first < values.length; first += BLOCK_ELEMENTS) {
    sum += squareSum(values.subarray(first, first + BLOCK_ELEMENTS), scale);
  }
  return sum;
}
