import { clipped } from './optimizer-lanes';

/**
 * Sums of squares in float64, in one order whoever adds: element i goes to accumulator i mod 4, and
 * the end is ((0 + 2) + (1 + 3)). A square of a float32 is exact in float64.
 * src/shared/numerics/square-sum.ts has the same in JavaScript.
 */

// @ts-ignore: decorator
@inline
export function squareLow(x: v128): v128 {
  const wide = f64x2.promote_low_f32x4(x);
  return f64x2.mul(wide, wide);
}

/** Of lanes 2 and 3. */
// @ts-ignore: decorator
@inline
export function squareHigh(x: v128): v128 {
  return squareLow(v128.shuffle<i64>(x, x, 1, 0));
}

// @ts-ignore: decorator
@inline
export function sumOfAccumulators(low: v128, high: v128): f64 {
  const pairs = f64x2.add(low, high);
  return f64x2.extract_lane(pairs, 0) + f64x2.extract_lane(pairs, 1);
}

/** x's four lanes, or of a last incomplete group the first `left`, and zeros. */
// @ts-ignore: decorator
@inline
export function firstLanes(at: usize, left: i32): v128 {
  if (left >= 4) return v128.load(at);
  let x = v128.load32_zero(at);
  if (left > 1) x = f32x4.replace_lane(x, 1, load<f32>(at + 4));
  if (left > 2) x = f32x4.replace_lane(x, 2, load<f32>(at + 8));
  return x;
}

/** Σ (x/divisor)², each quotient rounded to float32, and cut at ±limit. */
export function squareSum(at: usize, elements: i32, divisor: f32, limit: f32): f64 {
  const l = f32x4.splat(limit);
  const n = f32x4.splat(divisor);
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let left = elements; left > 0; left -= 4, at += 16) {
    const x = clipped(firstLanes(at, left), n, l);
    low = f64x2.add(low, squareLow(x));
    high = f64x2.add(high, squareHigh(x));
  }
  return sumOfAccumulators(low, high);
}
