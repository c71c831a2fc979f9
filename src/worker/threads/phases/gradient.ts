import { normDivisor, type GradientScale } from '../../../shared/numerics/clipping.js';
import { VALUE } from '../control.js';
import type { ThreadState } from '../thread-state.js';
import { SquareSums } from './square-sums.js';

/** The gradient that a step is taken with: a row of sums, which stays as it is, and its scale. */
export interface Gradient extends GradientScale {
  /** Byte address. */
  readonly row: number;
}

/**
 * The mean gradient, clipped as the configuration says. For the norm each thread adds up squares
 * over its blocks, and all meet; null where the phase was given up there.
 */
export function gradientOf(
  { start, control, kernels }: ThreadState,
  row: number,
  meet: () => boolean,
): Gradient | null {
  const samples = control.values[VALUE.samples]!;
  const { clipping } = start.optimizer;
  if (clipping === undefined) return { row, samples, limit: Infinity };
  if (clipping.by === 'value') return { row, samples, limit: clipping.limit };
  const sums = new SquareSums(start);
  sums.forOwn(({ first, elements }, i) => {
    const squares = kernels['squareSum']!(row + first * 4, elements, samples, Infinity);
    sums.put('gradient', i, squares);
  });
  if (!meet()) return null;
  const divisor = normDivisor(samples, sums.total('gradient'), clipping.limit);
  return { row, samples: divisor, limit: Infinity };
}
