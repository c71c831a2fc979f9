/**
 * The one-dimensional transforms of Winograd's minimal filtering (Lavin & Gray, "Fast Algorithms
 * for Convolutional Neural Networks", 2016), on vectors of four channels. In two dimensions each
 * is applied along columns, then along rows:
 *
 *   V = Bᵀ·x·B      U = G·w·Gᵀ      M = V ⊙ U (a matrix product over channels)      y = Aᵀ·M·A
 *
 *   form     inputs  points  outputs
 *   F43        6       6        4      evaluated at 0, ±1, ±2, ∞
 *   F23        4       4        2      evaluated at 0, ±1, ∞
 *   PAIR       2       3        2      a line of two between zeros: y₀ = x₀w₁ + x₁w₂,
 *                                      y₁ = x₀w₀ + x₁w₁, in Karatsuba's three products
 *
 * and the adjoint of each for backward. Loads are the caller's; results are stored here, since
 * AssemblyScript cannot return several vectors. The form is a constant where these are inlined.
 */
import { madd } from './simd';

export const F43: i32 = 0;
export const F23: i32 = 1;
export const PAIR: i32 = 2;

// @ts-ignore: decorator
@inline
export function inputsOf(form: i32): i32 {
  return form == F43 ? 6 : form == F23 ? 4 : 2;
}

// @ts-ignore: decorator
@inline
export function pointsOf(form: i32): i32 {
  return form == F43 ? 6 : form == F23 ? 4 : 3;
}

// @ts-ignore: decorator
@inline
export function outputsOf(form: i32): i32 {
  return form == F43 ? 4 : 2;
}

// @ts-ignore: decorator
@inline
function times(a: v128, factor: f32, plus: v128): v128 {
  return madd(a, f32x4.splat(factor), plus);
}

/** Bᵀ: inputs x0 … to points, stored every `step` bytes. */
// @ts-ignore: decorator
@inline
export function storeInputPoints(
  form: i32,
  x0: v128,
  x1: v128,
  x2: v128,
  x3: v128,
  x4: v128,
  x5: v128,
  to: usize,
  step: usize,
): void {
  if (form == F43) {
    v128.store(to, times(x0, 4, times(x2, -5, x4)));
    const even = times(x2, -4, x4);
    const odd = times(x1, -4, x3);
    v128.store(to + step, f32x4.add(even, odd));
    v128.store(to + step * 2, f32x4.sub(even, odd));
    const far = f32x4.sub(x4, x2);
    const half = f32x4.sub(x3, x1);
    v128.store(to + step * 3, times(half, 2, far));
    v128.store(to + step * 4, times(half, -2, far));
    v128.store(to + step * 5, times(x1, 4, times(x3, -5, x5)));
  } else if (form == F23) {
    v128.store(to, f32x4.sub(x0, x2));
    v128.store(to + step, f32x4.add(x1, x2));
    v128.store(to + step * 2, f32x4.sub(x2, x1));
    v128.store(to + step * 3, f32x4.sub(x1, x3));
  } else {
    v128.store(to, f32x4.add(x0, x1));
    v128.store(to + step, x1);
    v128.store(to + step * 2, x0);
  }
}

/** B: gradients of points v0 … to gradients of inputs; the first `overlap` are added to `to`. */
// @ts-ignore: decorator
@inline
export function storeInputGradients(
  form: i32,
  v0: v128,
  v1: v128,
  v2: v128,
  v3: v128,
  v4: v128,
  v5: v128,
  to0: usize,
  to1: usize,
  to2: usize,
  to3: usize,
  to4: usize,
  to5: usize,
  overlap: bool,
): void {
  if (form == F43) {
    const sum1 = f32x4.add(v1, v2);
    const difference1 = f32x4.sub(v1, v2);
    const sum2 = f32x4.add(v3, v4);
    const difference2 = f32x4.sub(v3, v4);
    storeOrAdd(to0, f32x4.mul(v0, f32x4.splat(4)), overlap);
    const near = times(difference1, -4, times(v5, 4, f32x4.splat(0)));
    storeOrAdd(to1, times(difference2, -2, near), overlap);
    v128.store(to2, f32x4.sub(times(sum1, -4, times(v0, -5, f32x4.splat(0))), sum2));
    v128.store(to3, times(difference2, 2, times(v5, -5, difference1)));
    v128.store(to4, f32x4.add(v0, f32x4.add(sum1, sum2)));
    v128.store(to5, v5);
  } else if (form == F23) {
    storeOrAdd(to0, v0, overlap);
    storeOrAdd(to1, f32x4.add(f32x4.sub(v1, v2), v3), overlap);
    v128.store(to2, f32x4.sub(f32x4.add(v1, v2), v0));
    v128.store(to3, f32x4.neg(v3));
  } else {
    v128.store(to0, f32x4.add(v0, v2));
    v128.store(to1, f32x4.add(v0, v1));
  }
}

// @ts-ignore: decorator
@inline
function storeOrAdd(to: usize, x: v128, add: bool): void {
  v128.store(to, add ? f32x4.add(v128.load(to), x) : x);
}

/** Row `point` of G applied to the three weights of a line. */
// @ts-ignore: decorator
@inline
export function weightPoint(form: i32, point: i32, w0: v128, w1: v128, w2: v128): v128 {
  if (form == F43) {
    if (point == 0) return f32x4.mul(w0, f32x4.splat(0.25));
    if (point == 5) return w2;
    if (point < 3) {
      const outer = f32x4.add(w0, w2);
      const all = point == 1 ? f32x4.add(outer, w1) : f32x4.sub(outer, w1);
      return f32x4.mul(all, f32x4.splat(<f32>(-1.0 / 6.0)));
    }
    const even = times(w2, <f32>(1.0 / 6.0), f32x4.mul(w0, f32x4.splat(<f32>(1.0 / 24.0))));
    return times(w1, point == 3 ? <f32>(1.0 / 12.0) : <f32>(-1.0 / 12.0), even);
  }
  if (form == F23) {
    if (point == 0) return w0;
    if (point == 3) return w2;
    const outer = f32x4.add(w0, w2);
    const all = point == 1 ? f32x4.add(outer, w1) : f32x4.sub(outer, w1);
    return f32x4.mul(all, f32x4.splat(0.5));
  }
  if (point == 0) return w1;
  return point == 1 ? f32x4.sub(w2, w1) : f32x4.sub(w0, w1);
}

/** Gᵀ: gradient of weight `tap` of a line from gradients of the points. */
// @ts-ignore: decorator
@inline
export function weightGradient(
  form: i32,
  tap: i32,
  u0: v128,
  u1: v128,
  u2: v128,
  u3: v128,
  u4: v128,
  u5: v128,
): v128 {
  if (form == F43) {
    if (tap == 1) {
      const near = f32x4.mul(f32x4.sub(u2, u1), f32x4.splat(<f32>(1.0 / 6.0)));
      return times(f32x4.sub(u3, u4), <f32>(1.0 / 12.0), near);
    }
    const near = f32x4.mul(f32x4.add(u1, u2), f32x4.splat(<f32>(-1.0 / 6.0)));
    if (tap == 0) return times(u0, 0.25, times(f32x4.add(u3, u4), <f32>(1.0 / 24.0), near));
    return f32x4.add(u5, times(f32x4.add(u3, u4), <f32>(1.0 / 6.0), near));
  }
  if (form == F23) {
    const half = f32x4.splat(0.5);
    if (tap == 1) return f32x4.mul(f32x4.sub(u1, u2), half);
    return f32x4.add(tap == 0 ? u0 : u3, f32x4.mul(f32x4.add(u1, u2), half));
  }
  if (tap == 0) return u2;
  return tap == 1 ? f32x4.sub(f32x4.sub(u0, u1), u2) : u1;
}

/** Aᵀ: points m0 … to output `index`. */
// @ts-ignore: decorator
@inline
export function outputFromPoints(
  form: i32,
  index: i32,
  m0: v128,
  m1: v128,
  m2: v128,
  m3: v128,
  m4: v128,
  m5: v128,
): v128 {
  if (form == F43) {
    if (index == 0) return f32x4.add(m0, f32x4.add(f32x4.add(m1, m2), f32x4.add(m3, m4)));
    if (index == 1) return times(f32x4.sub(m3, m4), 2, f32x4.sub(m1, m2));
    if (index == 2) return times(f32x4.add(m3, m4), 4, f32x4.add(m1, m2));
    return f32x4.add(m5, times(f32x4.sub(m3, m4), 8, f32x4.sub(m1, m2)));
  }
  if (form == F23) {
    if (index == 0) return f32x4.add(m0, f32x4.add(m1, m2));
    return f32x4.sub(f32x4.sub(m1, m2), m3);
  }
  return index == 0 ? f32x4.add(m0, m1) : f32x4.add(m0, m2);
}

/** A: gradients of outputs g0 … to gradients of points, stored every `step` bytes. */
// @ts-ignore: decorator
@inline
export function storeOutputGradients(
  form: i32,
  g0: v128,
  g1: v128,
  g2: v128,
  g3: v128,
  to: usize,
  step: usize,
): void {
  if (form == F43) {
    v128.store(to, g0);
    const even = f32x4.add(g0, g2);
    const odd = f32x4.add(g1, g3);
    v128.store(to + step, f32x4.add(even, odd));
    v128.store(to + step * 2, f32x4.sub(even, odd));
    const far = times(g2, 4, g0);
    const half = times(g3, 4, g1);
    v128.store(to + step * 3, times(half, 2, far));
    v128.store(to + step * 4, times(half, -2, far));
    v128.store(to + step * 5, g3);
  } else if (form == F23) {
    v128.store(to, g0);
    v128.store(to + step, f32x4.add(g0, g1));
    v128.store(to + step * 2, f32x4.sub(g0, g1));
    v128.store(to + step * 3, f32x4.neg(g1));
  } else {
    v128.store(to, f32x4.add(g0, g1));
    v128.store(to + step, g0);
    v128.store(to + step * 2, g1);
  }
}
