import { madd } from './simd';

/**
 * Elementary functions on four float32 at a time, out of + − × ÷, comparisons and integer
 * operations alone, so that a result is the same bits wherever WebAssembly runs. The same
 * arithmetic in JavaScript is src/shared/numerics/exact-math.ts; a test compares every bit.
 *
 * Range reductions and coefficients of exp, log and tanh: Cephes Mathematical Library, single
 * precision (S. L. Moshier, 1992: expf.c, logf.c, tanhf.c). erf: Abramowitz & Stegun, Handbook of
 * Mathematical Functions, 7.1.26, as TensorFlow.js computes it. NaN gives NaN.
 */

/** r·(c1 + r·(…)) of e^r = 1 + r + r²·q(r), |r| ≤ ½ ln 2: this is q. */
// @ts-ignore: decorator
@inline
function expTail(r: v128): v128 {
  let q = f32x4.splat(1.9875691500e-4);
  q = madd(q, r, f32x4.splat(1.3981999507e-3));
  q = madd(q, r, f32x4.splat(8.3334519073e-3));
  q = madd(q, r, f32x4.splat(4.1665795894e-2));
  q = madd(q, r, f32x4.splat(1.6666665459e-1));
  return madd(q, r, f32x4.splat(5.0000001201e-1));
}

/** e^x: overflows to ∞ and underflows through the denormals to 0. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  // Beyond these bounds the result is ∞ or 0 all the same; pmin and pmax let NaN pass.
  x = f32x4.pmax(f32x4.pmin(x, f32x4.splat(89.0)), f32x4.splat(-105.0));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  // ln 2 in two parts; the product with the first, 0.693359375 = 355/512, is exact.
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  const y = f32x4.add(madd(f32x4.mul(r, r), expTail(r), r), f32x4.splat(1.0));
  // 2^n in two factors: 2^128 is no float32, nor is 2^-150.
  const exponent = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(exponent, 1);
  const bias = i32x4.splat(127);
  const first = i32x4.shl(i32x4.add(half, bias), 23);
  const second = i32x4.shl(i32x4.add(i32x4.sub(exponent, half), bias), 23);
  return f32x4.mul(f32x4.mul(y, first), second);
}

/** e^x − 1, without cancellation near 0. */
// @ts-ignore: decorator
@inline
export function expm14(x: v128): v128 {
  const near = f32x4.lt(f32x4.abs(x), f32x4.splat(0.3465));
  // Where the short form is not taken, its argument is kept small: no needless ∞.
  const r = v128.and(x, near);
  const small = madd(f32x4.mul(r, r), expTail(r), r);
  return v128.bitselect(small, f32x4.sub(exp4(x), f32x4.splat(1.0)), near);
}

/** ln x: −∞ at ±0, NaN below, exact to the last denormal. */
// @ts-ignore: decorator
@inline
export function log4(x: v128): v128 {
  const one = f32x4.splat(1.0);
  const denormal = f32x4.lt(x, f32x4.splat(1.17549435e-38)); // 2^-126
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608.0)), x, denormal);
  // x = m·2^e with m in [√½, √2).
  let exponent = i32x4.sub(i32x4.shr_u(scaled, 23), i32x4.splat(126));
  exponent = i32x4.sub(exponent, v128.and(denormal, i32x4.splat(23)));
  let m = v128.or(v128.and(scaled, i32x4.splat(0x007fffff)), f32x4.splat(0.5));
  const low = f32x4.lt(m, f32x4.splat(0.70710678118654752));
  exponent = i32x4.add(exponent, low); // minus one
  m = f32x4.sub(f32x4.add(m, v128.and(m, low)), one);
  const e = f32x4.convert_i32x4_s(exponent);
  const z = f32x4.mul(m, m);
  let p = f32x4.splat(7.0376836292e-2);
  p = madd(p, m, f32x4.splat(-1.1514610310e-1));
  p = madd(p, m, f32x4.splat(1.1676998740e-1));
  p = madd(p, m, f32x4.splat(-1.2420140846e-1));
  p = madd(p, m, f32x4.splat(1.4249322787e-1));
  p = madd(p, m, f32x4.splat(-1.6668057665e-1));
  p = madd(p, m, f32x4.splat(2.0000714765e-1));
  p = madd(p, m, f32x4.splat(-2.4999993993e-1));
  p = madd(p, m, f32x4.splat(3.3333331174e-1));
  let y = f32x4.mul(f32x4.mul(m, z), p);
  y = madd(e, f32x4.splat(-2.12194440e-4), y);
  y = f32x4.sub(y, f32x4.mul(f32x4.splat(0.5), z));
  let result = f32x4.add(m, y);
  result = madd(e, f32x4.splat(0.693359375), result);
  const infinity = f32x4.splat(<f32>Infinity);
  // ∞ and NaN stand for themselves; 0 gives −∞; what is negative gives NaN.
  result = v128.bitselect(x, result, v128.not(f32x4.lt(x, infinity)));
  result = v128.bitselect(f32x4.neg(infinity), result, f32x4.eq(x, f32x4.splat(0)));
  return v128.or(result, f32x4.lt(x, f32x4.splat(0)));
}

/** ln(1 + e) for e in [0, 1], to the last place also for tiny e (W. Kahan). */
// @ts-ignore: decorator
@inline
function log1p4(e: v128): v128 {
  const one = f32x4.splat(1.0);
  const u = f32x4.add(e, one);
  const d = f32x4.sub(u, one);
  const lost = f32x4.eq(d, f32x4.splat(0));
  const ratio = f32x4.div(e, v128.bitselect(one, d, lost));
  return v128.bitselect(e, f32x4.mul(log4(u), ratio), lost);
}

// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const sign = v128.and(x, i32x4.splat(0x80000000));
  const a = f32x4.abs(x);
  const z = f32x4.mul(a, a);
  let p = f32x4.splat(-5.70498872745e-3);
  p = madd(p, z, f32x4.splat(2.06390887954e-2));
  p = madd(p, z, f32x4.splat(-5.37397155531e-2));
  p = madd(p, z, f32x4.splat(1.33314422036e-1));
  p = madd(p, z, f32x4.splat(-3.33332819422e-1));
  const near = madd(f32x4.mul(p, z), a, a);
  const one = f32x4.splat(1.0);
  const e = exp4(f32x4.add(a, a));
  const far = f32x4.sub(one, f32x4.div(f32x4.splat(2.0), f32x4.add(e, one)));
  return v128.or(v128.bitselect(near, far, f32x4.lt(a, f32x4.splat(0.625))), sign);
}

/** 1 / (1 + e^−x), accurate also where it is tiny. */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1.0);
  const e = exp4(f32x4.neg(f32x4.abs(x)));
  const numerator = v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0)));
  return f32x4.div(numerator, f32x4.add(one, e));
}

/** ln(1 + e^x). */
// @ts-ignore: decorator
@inline
export function softplus4(x: v128): v128 {
  const rest = log1p4(exp4(f32x4.neg(f32x4.abs(x))));
  return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), rest);
}

/** Φ(x), the normal distribution function: ½·(1 + erf(x/√2)), off by at most 1.5e-7. */
// @ts-ignore: decorator
@inline
export function normalCdf4(x: v128): v128 {
  const one = f32x4.splat(1.0);
  const v = f32x4.mul(f32x4.abs(x), f32x4.splat(0.70710678118654752));
  const t = f32x4.div(one, madd(f32x4.splat(0.3275911), v, one));
  let p = f32x4.splat(1.061405429);
  p = madd(p, t, f32x4.splat(-1.453152027));
  p = madd(p, t, f32x4.splat(1.421413741));
  p = madd(p, t, f32x4.splat(-0.284496736));
  p = madd(p, t, f32x4.splat(0.254829592));
  const gauss = exp4(f32x4.neg(f32x4.mul(v, v)));
  // ½·erfc(|x|/√2): on the left it is the result itself, so nothing cancels there.
  const tail = f32x4.mul(f32x4.mul(f32x4.mul(p, t), gauss), f32x4.splat(0.5));
  return v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(x, f32x4.splat(0)));
}

/** φ(x), the normal density. */
// @ts-ignore: decorator
@inline
export function normalDensity4(x: v128): v128 {
  const gauss = exp4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5)));
  return f32x4.mul(gauss, f32x4.splat(0.39894228040143268));
}
