/**
 * The weight (1 − ρ)·ρ^(k−1−i) of the statistics of micro-batch i of k, as float32: k updates
 * moving ← ρ·moving + (1 − ρ)·statistic in order give ρᵏ·moving + the sum of weighted statistics.
 */
export function momentumTerm(momentum: number, index: number, count: number): number {
  return Math.fround((1 - momentum) * power(momentum, count - 1 - index));
}

/** baseⁿ by n multiplications in float64, n a small integer ≥ 0: the same bits everywhere. */
export function power(base: number, exponent: number): number {
  let product = 1;
  for (let i = 0; i < exponent; i++) product *= base;
  return product;
}
