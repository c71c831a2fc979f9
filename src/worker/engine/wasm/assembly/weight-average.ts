import { lanesFrom, lanesTo } from './optimizer-lanes';

/**
 * average ← average + rate·(weights − average): the exponential moving average of the weights.
 * Every element is on its own, so a vector may be cut anywhere between threads.
 * src/shared/numerics/weight-average.ts has the same in JavaScript.
 */
export function averageStep(average: usize, weights: usize, elements: i32, rate: f32): void {
  const r = f32x4.splat(rate);
  let left = elements;
  for (; left >= 4; left -= 4, average += 16, weights += 16) averageLanes(true, average, weights, r);
  for (; left > 0; left--, average += 4, weights += 4) averageLanes(false, average, weights, r);
}

// @ts-ignore: decorator
@inline
function averageLanes(wide: bool, average: usize, weights: usize, rate: v128): void {
  const a = lanesFrom(wide, average);
  const step = f32x4.mul(rate, f32x4.sub(lanesFrom(wide, weights), a));
  lanesTo(wide, average, f32x4.add(a, step));
}
