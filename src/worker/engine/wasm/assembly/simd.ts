/**
 * Float32 vectors of four lanes: the few operations that all kernels are made of.
 */

// @ts-ignore: decorator
@inline
export function zero(): v128 {
  return f32x4.splat(0);
}

/** a·b + c: two roundings in the plain build, one or two in the relaxed build. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/** max(x, 0), with +0 for −0 and for NaN. */
// @ts-ignore: decorator
@inline
export function relu(x: v128): v128 {
  return f32x4.pmax(f32x4.splat(0), x);
}

/** g where y > 0, else +0. */
// @ts-ignore: decorator
@inline
export function whereOn(y: v128, g: v128): v128 {
  return v128.and(g, f32x4.gt(y, f32x4.splat(0)));
}

/** The first `lanes` (1 … 4) of the four floats at `from`; zeros behind them. Reads no further. */
// @ts-ignore: decorator
@inline
export function loadLanes(from: usize, lanes: i32): v128 {
  if (lanes >= 4) return v128.load(from);
  let x = v128.load32_zero(from);
  if (lanes > 1) x = f32x4.replace_lane(x, 1, load<f32>(from + 4));
  if (lanes > 2) x = f32x4.replace_lane(x, 2, load<f32>(from + 8));
  return x;
}

/** Stores the first `lanes` (1 … 4) of x, and nothing behind them. */
// @ts-ignore: decorator
@inline
export function storeLanes(to: usize, x: v128, lanes: i32): void {
  if (lanes >= 4) {
    v128.store(to, x);
    return;
  }
  v128.store_lane<f32>(to, x, 0);
  if (lanes > 1) v128.store_lane<f32>(to + 4, x, 1);
  if (lanes > 2) v128.store_lane<f32>(to + 8, x, 2);
}

/** Stores the first `lanes` of x, or adds them to what is there. */
// @ts-ignore: decorator
@inline
export function putLanes(to: usize, x: v128, lanes: i32, add: bool): void {
  storeLanes(to, add ? f32x4.add(loadLanes(to, lanes), x) : x, lanes);
}

/** Stores the sums [blocks][4] of `channels` channels at `to`, or adds them to what is there. */
export function putChannels(to: usize, sums: usize, channels: i32, add: bool): void {
  for (let left = channels; left > 0; left -= 4, to += 16, sums += 16) {
    putLanes(to, v128.load(sums), left, add);
  }
}
