/**
 * cos(π·x) for x from 0 to 1 in float64, out of + − × ÷ alone: `Math.cos` differs between engines.
 * Error below 1e-15. Above ½ by cos(π·x) = −cos(π·(1 − x)), so that the series ends at π/2, where
 * its first term left out, (π/2)^26 / 26!, is below 4e-22.
 */
export function cosinePi(x: number): number {
  if (x > 0.5) return -cosinePi(1 - x);
  const square = Math.PI * x * (Math.PI * x);
  let sum = 1;
  // Horner's form of Σ (−1)ⁿ y²ⁿ / (2n)!.
  for (let n = 24; n > 0; n -= 2) sum = 1 - (square / (n * (n - 1))) * sum;
  return sum;
}
