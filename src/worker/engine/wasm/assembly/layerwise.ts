import { average, clipped, lanesFrom, lanesTo, withoutTiny } from './optimizer-lanes';
import { firstLanes, squareHigh, squareLow, sumOfAccumulators } from './square-sum';

/**
 * LARS and LAMB over stretches of one parameter's elements. What they take from the whole parameter
 * is the rate: the norms are summed before (square-sum.ts; src/worker/threads/phases/layerwise.ts).
 * src/shared/numerics/layerwise.ts has the same in JavaScript.
 */

// @ts-ignore: decorator
@inline
function larsLanes(
  wide: bool,
  weights: usize,
  row: usize,
  velocity: usize,
  samples: v128,
  limit: v128,
  rate: v128,
  momentum: v128,
  decay: v128,
): void {
  const w = lanesFrom(wide, weights);
  const g = f32x4.add(clipped(lanesFrom(wide, row), samples, limit), f32x4.mul(decay, w));
  const u = f32x4.add(f32x4.mul(momentum, lanesFrom(wide, velocity)), f32x4.mul(rate, g));
  const kept = withoutTiny(u);
  lanesTo(wide, velocity, kept);
  lanesTo(wide, weights, f32x4.sub(w, kept));
}

/**
 * v ← momentum·v + rate·(row/samples + weightDecay·w);  w ← w − v (LARS: You, Gitman & Ginsburg
 * 2017, Algorithm 1). rate: γ·λ, the learning rate times the parameter's
 * λ = η·‖w‖ / (‖g‖ + weightDecay·‖w‖).
 */
export function larsStep(
  weights: usize,
  row: usize,
  velocity: usize,
  elements: i32,
  samples: f32,
  limit: f32,
  rate: f32,
  momentum: f32,
  weightDecay: f32,
): void {
  const n = f32x4.splat(samples);
  const l = f32x4.splat(limit);
  const r = f32x4.splat(rate);
  const mu = f32x4.splat(momentum);
  const d = f32x4.splat(weightDecay);
  let left = elements;
  for (; left >= 4; left -= 4, weights += 16, row += 16, velocity += 16) {
    larsLanes(true, weights, row, velocity, n, l, r, mu, d);
  }
  for (; left > 0; left--, weights += 4, row += 4, velocity += 4) {
    larsLanes(false, weights, row, velocity, n, l, r, mu, d);
  }
}

/** m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g², with g = row/samples. */
export function lambMoments(
  row: usize,
  m: usize,
  v: usize,
  elements: i32,
  samples: f32,
  limit: f32,
  beta1: f64,
  beta2: f64,
): void {
  const n = f32x4.splat(samples);
  const l = f32x4.splat(limit);
  const b1 = f32x4.splat(<f32>beta1);
  const c1 = f32x4.splat(<f32>(1 - beta1));
  const b2 = f32x4.splat(<f32>beta2);
  const c2 = f32x4.splat(<f32>(1 - beta2));
  let left = elements;
  for (; left >= 4; left -= 4, row += 16, m += 16, v += 16) {
    const g = clipped(v128.load(row), n, l);
    v128.store(m, average(b1, v128.load(m), c1, g));
    v128.store(v, average(b2, v128.load(v), c2, f32x4.mul(g, g)));
  }
  for (; left > 0; left--, row += 4, m += 4, v += 4) {
    const g = clipped(v128.load32_zero(row), n, l);
    lanesTo(false, m, average(b1, lanesFrom(false, m), c1, g));
    lanesTo(false, v, average(b2, lanesFrom(false, v), c2, f32x4.mul(g, g)));
  }
}

/** u = (m/correction1) / (√(v/correction2) + ε) + decay·w: Adam's direction, and the decay. */
// @ts-ignore: decorator
@inline
function lambDirection(
  w: v128,
  m: v128,
  v: v128,
  epsilon: v128,
  correction1: v128,
  correction2: v128,
  decay: v128,
): v128 {
  const root = f32x4.add(f32x4.sqrt(f32x4.div(v, correction2)), epsilon);
  return f32x4.add(f32x4.div(f32x4.div(m, correction1), root), f32x4.mul(decay, w));
}

/** Σ u² of what `lambStep` takes, in the order of square-sum.ts. */
export function lambSquareSum(
  weights: usize,
  m: usize,
  v: usize,
  elements: i32,
  epsilon: f32,
  correction1: f32,
  correction2: f32,
  weightDecay: f32,
): f64 {
  const e = f32x4.splat(epsilon);
  const k1 = f32x4.splat(correction1);
  const k2 = f32x4.splat(correction2);
  const d = f32x4.splat(weightDecay);
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let left = elements; left > 0; left -= 4, weights += 16, m += 16, v += 16) {
    const u = lambDirection(
      firstLanes(weights, left), firstLanes(m, left), firstLanes(v, left), e, k1, k2, d,
    ); // prettier-ignore
    low = f64x2.add(low, squareLow(u));
    high = f64x2.add(high, squareHigh(u));
  }
  return sumOfAccumulators(low, high);
}

/**
 * w ← w − rate·u with u = m̂ / (√v̂ + ε) + weightDecay·w (LAMB: You et al. 2020, Algorithm 2). rate:
 * the learning rate times the parameter's ‖w‖/‖u‖.
 */
export function lambStep(
  weights: usize,
  m: usize,
  v: usize,
  elements: i32,
  rate: f32,
  epsilon: f32,
  correction1: f32,
  correction2: f32,
  weightDecay: f32,
): void {
  const r = f32x4.splat(rate);
  const e = f32x4.splat(epsilon);
  const k1 = f32x4.splat(correction1);
  const k2 = f32x4.splat(correction2);
  const d = f32x4.splat(weightDecay);
  let left = elements;
  for (; left >= 4; left -= 4, weights += 16, m += 16, v += 16) {
    const w = v128.load(weights);
    const u = lambDirection(w, v128.load(m), v128.load(v), e, k1, k2, d);
    v128.store(weights, f32x4.sub(w, f32x4.mul(r, u)));
  }
  for (; left > 0; left--, weights += 4, m += 4, v += 4) {
    const w = lanesFrom(false, weights);
    const u = lambDirection(w, lanesFrom(false, m), lanesFrom(false, v), e, k1, k2, d);
    lanesTo(false, weights, f32x4.sub(w, f32x4.mul(r, u)));
  }
}
