/**
 * How far a parameter as a whole may go, from the sums of squares of its elements; in float64,
 * out of + × ÷ √. Both are 1 where a norm is 0: a parameter that begins at 0 would stay there.
 */

/** LARS: η·‖w‖ / (‖g‖ + decay·‖w‖) (You, Gitman & Ginsburg 2017, equation 6). */
export function larsRatio(
  weightSquares: number,
  gradientSquares: number,
  trustCoefficient: number,
  weightDecay: number,
): number {
  if (weightSquares === 0 || gradientSquares === 0) return 1;
  const weight = Math.sqrt(weightSquares);
  return (trustCoefficient * weight) / (Math.sqrt(gradientSquares) + weightDecay * weight);
}

/** LAMB: ‖w‖ / ‖u‖ (You et al. 2020, Algorithm 2, with φ the identity). */
export function lambRatio(weightSquares: number, directionSquares: number): number {
  if (weightSquares === 0 || directionSquares === 0) return 1;
  return Math.sqrt(weightSquares) / Math.sqrt(directionSquares);
}

/**
 * Whether a parameter is scaled and decayed at all. Biases, gains and shifts are not, as in the
 * authors' own code and MLPerf's rules (Mattson et al. 2020): their norms tell nothing.
 */
export function adaptsParameter({ shape }: { readonly shape: readonly number[] }): boolean {
  return shape.length > 1;
}
