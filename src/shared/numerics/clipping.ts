/**
 * Gradient clipping: `norm` scales a gradient whose norm over all parameters exceeds the limit down
 * to it (Pascanu, Mikolov & Bengio 2013, Algorithm 1); `value` cuts each element at ±limit.
 */
export interface Clipping {
  readonly by: 'norm' | 'value';
  readonly limit: number;
}

/** How a row of sums becomes the gradient that a step is taken with. */
export interface GradientScale {
  /** Divides the sums: the number of samples, or more where the norm is cut. */
  readonly samples: number;
  /** No quotient counts as more than ±limit. */
  readonly limit: number;
}

/** The gradient as an element of the row says it; float32 throughout. */
export function clippedGradient(sum: number, { samples, limit }: GradientScale): number {
  const mean = Math.fround(sum / samples);
  return mean > limit ? limit : mean < -limit ? -limit : mean;
}

/**
 * What divides the row so that its norm is at most `limit`: with g = row/samples and ‖g‖ > limit,
 * g · limit/‖g‖ = row / (samples · ‖g‖/limit). `squares`: ‖g‖².
 */
export function normDivisor(samples: number, squares: number, limit: number): number {
  const norm = Math.sqrt(squares);
  return norm > limit ? samples * (norm / limit) : samples;
}
