import { average, clipped, lanesFrom, lanesTo, withoutTiny } from './optimizer-lanes';

/**
 * RMSprop over flat float32 slices; src/shared/numerics/rmsprop.ts has the same in JavaScript.
 * No quotient row/samples counts as more than ±limit. Every element is on its own, so that a vector may be cut anywhere between threads.
 */

/** A stretch of lanes that step by 4 or 1 elements. Addresses that are 0 stand for "none". */
// @ts-ignore: decorator
@inline
function rmspropLanes(
  wide: bool,
  weights: usize,
  row: usize,
  square: usize,
  velocity: usize,
  mean: usize,
  samples: v128,
  limit: v128,
  rate: v128,
  rho: v128,
  rest: v128,
  epsilon: v128,
  momentum: v128,
  decay: v128,
): void {
  const w = lanesFrom(wide, weights);
  const g = f32x4.add(clipped(lanesFrom(wide, row), samples, limit), f32x4.mul(decay, w));
  const s = average(rho, lanesFrom(wide, square), rest, f32x4.mul(g, g));
  lanesTo(wide, square, s);
  let variance = s;
  if (mean != 0) {
    const a = average(rho, lanesFrom(wide, mean), rest, g);
    lanesTo(wide, mean, a);
    // E[g²] − E[g]² is not below 0; its rounded difference may be.
    variance = f32x4.pmax(f32x4.splat(0), f32x4.sub(s, f32x4.mul(a, a)));
  }
  let step = f32x4.div(g, f32x4.add(f32x4.sqrt(variance), epsilon));
  if (velocity != 0) {
    step = withoutTiny(f32x4.add(f32x4.mul(momentum, lanesFrom(wide, velocity)), step));
    lanesTo(wide, velocity, step);
  }
  lanesTo(wide, weights, f32x4.sub(w, f32x4.mul(rate, step)));
}

/**
 * g = row/samples + weightDecay·w;  s ← ρs + (1−ρ)g²;  d = g / (√s + ε);  w ← w − learningRate·d
 * (Tieleman & Hinton 2012, lecture 6e, slide 29; ε as in PyTorch). With `mean`, its moving average
 * a ← ρa + (1−ρ)g makes d = g / (√(s − a²) + ε) (Graves 2013, equations 38–40). With `velocity`,
 * u ← momentum·u + d takes the place of d. velocity, mean: 0 for none.
 */
export function rmspropStep(
  weights: usize,
  row: usize,
  square: usize,
  velocity: usize,
  mean: usize,
  elements: i32,
  samples: f32,
  limit: f32,
  learningRate: f32,
  rho: f64,
  epsilon: f32,
  momentum: f32,
  weightDecay: f32,
): void {
  const n = f32x4.splat(samples);
  const l = f32x4.splat(limit);
  const rate = f32x4.splat(learningRate);
  const r = f32x4.splat(<f32>rho);
  const rest = f32x4.splat(<f32>(1 - rho));
  const e = f32x4.splat(epsilon);
  const mu = f32x4.splat(momentum);
  const d = f32x4.splat(weightDecay);
  const moves = velocity != 0;
  const centers = mean != 0;
  let left = elements;
  for (; left >= 4; left -= 4, weights += 16, row += 16, square += 16) {
    rmspropLanes(true, weights, row, square, velocity, mean, n, l, rate, r, rest, e, mu, d);
    if (moves) velocity += 16;
    if (centers) mean += 16;
  }
  for (; left > 0; left--, weights += 4, row += 4, square += 4) {
    rmspropLanes(false, weights, row, square, velocity, mean, n, l, rate, r, rest, e, mu, d);
    if (moves) velocity += 4;
    if (centers) mean += 4;
  }
}
