import { average, clipped, lanesFrom, lanesTo, withoutTiny } from './optimizer-lanes';

/**
 * Optimizer updates over flat float32 slices. Each element is on its own and vectors and single
 * elements take the same roundings, so a vector may be cut anywhere between threads; the relaxed
 * build computes the same bits as the plain one. src/shared/numerics/optimizer.ts has the same in
 * JavaScript. `row` holds sums over samples; `samples` is what divides them, and
 * no quotient counts as more than ±`limit`.
 */

/**
 * One element or four of Adam (Kingma & Ba 2015, Algorithm 1), in lanes: `count` of 4 or 1.
 * AMSGrad (Reddi, Kale & Kumar 2018) keeps the greatest v and corrects its bias, as PyTorch does.
 */
// @ts-ignore: decorator
@inline
function adamLanes(
  wide: bool,
  amsgrad: bool,
  weights: usize,
  row: usize,
  m: usize,
  v: usize,
  vMax: usize,
  samples: v128,
  limit: v128,
  rate: v128,
  beta1: v128,
  oneMinusBeta1: v128,
  beta2: v128,
  oneMinusBeta2: v128,
  epsilon: v128,
  correction1: v128,
  correction2: v128,
  decay: v128,
  keep: v128,
): void {
  const w = lanesFrom(wide, weights);
  const g = f32x4.add(clipped(lanesFrom(wide, row), samples, limit), f32x4.mul(decay, w));
  const m1 = average(beta1, lanesFrom(wide, m), oneMinusBeta1, g);
  const v1 = average(beta2, lanesFrom(wide, v), oneMinusBeta2, f32x4.mul(g, g));
  lanesTo(wide, m, m1);
  lanesTo(wide, v, v1);
  let second = v1;
  if (amsgrad) {
    second = f32x4.pmax(lanesFrom(wide, vMax), v1);
    lanesTo(wide, vMax, second);
  }
  const root = f32x4.add(f32x4.sqrt(f32x4.div(second, correction2)), epsilon);
  const step = f32x4.div(f32x4.mul(rate, f32x4.div(m1, correction1)), root);
  lanesTo(wide, weights, f32x4.sub(f32x4.mul(keep, w), step));
}

// @ts-ignore: decorator
@inline
function adamLoop(
  amsgrad: bool,
  weights: usize,
  row: usize,
  m: usize,
  v: usize,
  vMax: usize,
  elements: i32,
  samples: v128,
  limit: v128,
  rate: v128,
  beta1: v128,
  oneMinusBeta1: v128,
  beta2: v128,
  oneMinusBeta2: v128,
  epsilon: v128,
  correction1: v128,
  correction2: v128,
  decay: v128,
  keep: v128,
): void {
  let left = elements;
  if (left >= 4) {
    do {
      adamLanes(
        true, amsgrad, weights, row, m, v, vMax, samples, limit, rate, beta1, oneMinusBeta1,
        beta2, oneMinusBeta2, epsilon, correction1, correction2, decay, keep,
      ); // prettier-ignore
      weights += 16;
      row += 16;
      m += 16;
      v += 16;
      vMax += 16;
      left -= 4;
    } while (left >= 4);
  }
  for (; left > 0; left--) {
    adamLanes(
      false, amsgrad, weights, row, m, v, vMax, samples, limit, rate, beta1, oneMinusBeta1, beta2,
      oneMinusBeta2, epsilon, correction1, correction2, decay, keep,
    ); // prettier-ignore
    weights += 4;
    row += 4;
    m += 4;
    v += 4;
    vMax += 4;
  }
}

/**
 * g = row/samples + weightDecay·w;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;
 * w ← w − (learningRate·(m/correction1)) / (√(v/correction2) + ε), correction = 1 − βᵗ.
 * The betas come in float64: float32(1 − 0.999) and 1 − float32(0.999) differ by 1e-5.
 * vMax: 0, or the greatest v so far, which then takes the place of v (AMSGrad).
 * keep: what of w stays before the step is subtracted: 1; with decoupled weight decay λ (AdamW:
 * Loshchilov & Hutter 2019, Algorithm 2, line 12; in PyTorch's form) 1 − learningRate·λ.
 */
export function adamStep(
  weights: usize,
  row: usize,
  m: usize,
  v: usize,
  vMax: usize,
  elements: i32,
  samples: f32,
  limit: f32,
  learningRate: f32,
  beta1: f64,
  beta2: f64,
  epsilon: f32,
  correction1: f32,
  correction2: f32,
  weightDecay: f32,
  keep: f32,
): void {
  const n = f32x4.splat(samples);
  const l = f32x4.splat(limit);
  const rate = f32x4.splat(learningRate);
  const b1 = f32x4.splat(<f32>beta1);
  const c1 = f32x4.splat(<f32>(1 - beta1));
  const b2 = f32x4.splat(<f32>beta2);
  const c2 = f32x4.splat(<f32>(1 - beta2));
  const e = f32x4.splat(epsilon);
  const k1 = f32x4.splat(correction1);
  const k2 = f32x4.splat(correction2);
  const d = f32x4.splat(weightDecay);
  const s = f32x4.splat(keep);
  if (vMax != 0) {
    adamLoop(true, weights, row, m, v, vMax, elements, n, l, rate, b1, c1, b2, c2, e, k1, k2, d, s);
  } else {
    adamLoop(false, weights, row, m, v, 0, elements, n, l, rate, b1, c1, b2, c2, e, k1, k2, d, s);
  }
}

// @ts-ignore: decorator
@inline
function sgdLanes(
  wide: bool,
  weights: usize,
  row: usize,
  velocity: usize,
  samples: v128,
  limit: v128,
  rate: v128,
  momentum: v128,
  nesterov: bool,
  decay: v128,
): void {
  const w = lanesFrom(wide, weights);
  const g = f32x4.add(clipped(lanesFrom(wide, row), samples, limit), f32x4.mul(decay, w));
  let step = g;
  if (velocity != 0) {
    const u = withoutTiny(f32x4.add(f32x4.mul(momentum, lanesFrom(wide, velocity)), g));
    lanesTo(wide, velocity, u);
    step = nesterov ? f32x4.add(g, f32x4.mul(momentum, u)) : u;
  }
  lanesTo(wide, weights, f32x4.sub(w, f32x4.mul(rate, step)));
}

/**
 * g = row/samples + weightDecay·w;  u ← momentum·u + g;  w ← w − learningRate·u, or with
 * `nesterov` w ← w − learningRate·(g + momentum·u) (Sutskever et al. 2013, in PyTorch's and
 * TensorFlow.js's form). velocity: 0 for plain gradient descent.
 */
export function sgdStep(
  weights: usize,
  row: usize,
  velocity: usize,
  elements: i32,
  samples: f32,
  limit: f32,
  learningRate: f32,
  momentum: f32,
  nesterov: i32,
  weightDecay: f32,
): void {
  const n = f32x4.splat(samples);
  const l = f32x4.splat(limit);
  const rate = f32x4.splat(learningRate);
  const mu = f32x4.splat(momentum);
  const d = f32x4.splat(weightDecay);
  const ahead = nesterov != 0;
  const some = velocity != 0;
  let left = elements;
  for (; left >= 4; left -= 4, weights += 16, row += 16) {
    sgdLanes(true, weights, row, velocity, n, l, rate, mu, ahead, d);
    if (some) velocity += 16;
  }
  for (; left > 0; left--, weights += 4, row += 4) {
    sgdLanes(false, weights, row, velocity, n, l, rate, mu, ahead, d);
    if (some) velocity += 4;
  }
}

/** moving ← rhoToK·moving + terms: k updates of the moving statistics at once, k ≥ 1. */
export function movingStatisticsStep(
  moving: usize,
  terms: usize,
  elements: i32,
  rhoToK: f32,
): void {
  for (let left = elements; left > 0; left--, moving += 4, terms += 4) {
    store<f32>(moving, rhoToK * load<f32>(moving) + load<f32>(terms));
  }
}
