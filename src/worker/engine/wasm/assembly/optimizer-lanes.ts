/** What the optimizers' kernels share: lanes of one element or four, and moments that do not stick. */

/** Moments below 2^-100 are 0: they would stick at denormals for ever, and slowly. */
const TINY: f32 = 7.888609052210118e-31;

// @ts-ignore: decorator
@inline
export function withoutTiny(x: v128): v128 {
  return v128.and(x, f32x4.ge(f32x4.abs(x), f32x4.splat(TINY)));
}

// @ts-ignore: decorator
@inline
export function lanesFrom(wide: bool, at: usize): v128 {
  return wide ? v128.load(at) : v128.load32_zero(at);
}

// @ts-ignore: decorator
@inline
export function lanesTo(wide: bool, at: usize, value: v128): void {
  if (wide) v128.store(at, value);
  else v128.store_lane<f32>(at, value, 0);
}

/** old·keep + new·(1 − keep), the moving average of the moments: `rest` is 1 − keep. */
// @ts-ignore: decorator
@inline
export function average(keep: v128, old: v128, rest: v128, fresh: v128): v128 {
  return withoutTiny(f32x4.add(f32x4.mul(keep, old), f32x4.mul(rest, fresh)));
}

/** The mean gradient row/samples, no element of it beyond ±limit; ∞ leaves it as it is. */
// @ts-ignore: decorator
@inline
export function clipped(row: v128, samples: v128, limit: v128): v128 {
  return f32x4.pmax(f32x4.pmin(f32x4.div(row, samples), limit), f32x4.neg(limit));
}
