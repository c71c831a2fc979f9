import { groups, laneMask } from './lanes';
import { loadLanes, storeLanes } from './simd';

/**
 * Batch normalization (Ioffe & Szegedy 2015, Algorithm 1) over [batch][channels/4][pixels][4],
 * with the statistics of the samples at hand. The variance is the biased one (÷ N), for the
 * normalization and for the moving average alike, as TensorFlow.js has it.
 *
 * Sums: runs of 64 pixels in four float32 accumulators each, whose sums go into float64. That is
 * as fast as float32 alone, and off by a few units in the last place at any N. The variance is
 * taken in a second pass, about the mean.
 *
 * The mean that is subtracted is a float32, and its rounding would show where the deviation is
 * much smaller; what was lost is kept apart ("rest") and folded into the constants.
 *
 *   saved     float32 [channels/4][12]: mean of four channels, 1/√(variance + ε), rest of the mean
 *   gamma, beta, and their gradients, movingMean … terms: float32 [channels]; 0 = there is none
 */
const RUN: i32 = 64;

/** What is summed: v, v − centre, (v − centre)² or v·(w − centre). */
const PLAIN = 0;
const CENTRED = 1;
const SQUARED = 2;
const PRODUCT = 3;

// @ts-ignore: decorator
@inline
function term(kind: i32, v: v128, w: v128, centre: v128): v128 {
  if (kind == PLAIN) return v;
  const d = f32x4.sub(kind == PRODUCT ? w : v, centre);
  if (kind == CENTRED) return d;
  return f32x4.mul(kind == SQUARED ? d : v, d);
}

/** Σ over at most RUN vectors, in a fixed order. */
// @ts-ignore: decorator
@inline
function runSum(kind: i32, v: usize, w: usize, centre: v128, vectors: i32): v128 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  let i = vectors;
  for (; i >= 4; i -= 4, v += 64, w += 64) {
    a = f32x4.add(a, term(kind, v128.load(v), v128.load(w), centre));
    b = f32x4.add(b, term(kind, v128.load(v, 16), v128.load(w, 16), centre));
    c = f32x4.add(c, term(kind, v128.load(v, 32), v128.load(w, 32), centre));
    d = f32x4.add(d, term(kind, v128.load(v, 48), v128.load(w, 48), centre));
  }
  for (; i > 0; i--, v += 16, w += 16) {
    a = f32x4.add(a, term(kind, v128.load(v), v128.load(w), centre));
  }
  return f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
}

// @ts-ignore: decorator
@inline
function promoteHigh(v: v128): v128 {
  return f64x2.promote_low_f32x4(i32x4.shuffle(v, v, 2, 3, 2, 3));
}

// @ts-ignore: decorator
@inline
function demote(low: v128, high: v128): v128 {
  return i32x4.shuffle(
    f32x4.demote_f64x2_zero(low),
    f32x4.demote_f64x2_zero(high),
    0, 1, 4, 5,
  );
}

/** 1 / √(variance + ε), in float64 until the end. */
// @ts-ignore: decorator
@inline
function inverseDeviation(low: v128, high: v128, epsilon: f64): v128 {
  const one = f64x2.splat(1.0);
  const e = f64x2.splat(epsilon);
  return demote(
    f64x2.div(one, f64x2.sqrt(f64x2.add(low, e))),
    f64x2.div(one, f64x2.sqrt(f64x2.add(high, e))),
  );
}

/** y = (x − mean)·factor + shift over one group of channels; lanes outside of `mask` become 0. */
function normalize(
  y: usize,
  x: usize,
  batch: i32,
  pixels: i32,
  sample: usize,
  mean: v128,
  factor: v128,
  shift: v128,
  mask: v128,
): void {
  const bytes = <usize>pixels << 4;
  for (let b = 0; b < batch; b++) {
    const end = x + bytes;
    for (let from = x, to = y; from < end; from += 16, to += 16) {
      const value = f32x4.add(f32x4.mul(f32x4.sub(v128.load(from), mean), factor), shift);
      v128.store(to, v128.and(value, mask));
    }
    x += sample;
    y += sample;
  }
}

/** Training. `momentumTerm` weighs the statistics that go to meanTerms and varianceTerms. */
export function batchNormForward(
  y: usize,
  x: usize,
  saved: usize,
  batch: i32,
  channels: i32,
  pixels: i32,
  gamma: usize,
  beta: usize,
  meanTerms: usize,
  varianceTerms: usize,
  momentumTerm: f32,
  epsilon: f64,
): void {
  const blocks = groups(channels);
  const plane = <usize>pixels << 4;
  const sample = plane * blocks;
  const n = f64x2.splat(<f64>batch * <f64>pixels);
  const zero = f32x4.splat(0);
  for (let block = 0; block < blocks; block++) {
    const first = x + plane * block;
    // Any value of the channel is closer to the mean than 0 may be, so sums round less.
    const centre = v128.load(first);
    let low = zero;
    let high = zero;
    for (let b = 0, at = first; b < batch; b++, at += sample) {
      for (let p = 0; p < pixels; p += RUN) {
        const from = at + (<usize>p << 4);
        const sum = runSum(CENTRED, from, from, centre, min(pixels - p, RUN));
        low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
        high = f64x2.add(high, promoteHigh(sum));
      }
    }
    low = f64x2.add(f64x2.div(low, n), f64x2.promote_low_f32x4(centre));
    high = f64x2.add(f64x2.div(high, n), promoteHigh(centre));
    const mean = demote(low, high);
    // What rounding took from the mean; its square is what the second pass has too much.
    const lowRest = f64x2.sub(low, f64x2.promote_low_f32x4(mean));
    const highRest = f64x2.sub(high, promoteHigh(mean));
    low = zero;
    high = zero;
    for (let b = 0, at = first; b < batch; b++, at += sample) {
      for (let p = 0; p < pixels; p += RUN) {
        const from = at + (<usize>p << 4);
        const sum = runSum(SQUARED, from, from, mean, min(pixels - p, RUN));
        low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
        high = f64x2.add(high, promoteHigh(sum));
      }
    }
    low = f64x2.sub(f64x2.div(low, n), f64x2.mul(lowRest, lowRest));
    high = f64x2.sub(f64x2.div(high, n), f64x2.mul(highRest, highRest));
    // Rounding may leave −0.000… of a constant channel.
    low = f64x2.pmax(zero, low);
    high = f64x2.pmax(zero, high);
    const deviation = inverseDeviation(low, high, epsilon);
    const rest = demote(lowRest, highRest);
    v128.store(saved, mean);
    v128.store(saved, deviation, 16);
    v128.store(saved, rest, 32);
    saved += 48;

    const count = channels - block * 4;
    const channel = <usize>block << 4;
    if (meanTerms != 0) {
      const weight = f32x4.splat(momentumTerm);
      storeLanes(meanTerms + channel, f32x4.mul(mean, weight), count);
      storeLanes(varianceTerms + channel, f32x4.mul(demote(low, high), weight), count);
    }
    const factor = gamma != 0 ? f32x4.mul(deviation, loadLanes(gamma + channel, count)) : deviation;
    let shift = beta != 0 ? loadLanes(beta + channel, count) : zero;
    shift = f32x4.sub(shift, f32x4.mul(rest, factor));
    const to = y + plane * block;
    normalize(to, first, batch, pixels, sample, mean, factor, shift, laneMask(count));
  }
}

/** Inference: with the moving statistics. movingMean = 0: a mean of 0. */
export function batchNormInference(
  y: usize,
  x: usize,
  batch: i32,
  channels: i32,
  pixels: i32,
  gamma: usize,
  beta: usize,
  movingMean: usize,
  movingVariance: usize,
  epsilon: f64,
): void {
  const blocks = groups(channels);
  const plane = <usize>pixels << 4;
  const sample = plane * blocks;
  for (let block = 0; block < blocks; block++) {
    const count = channels - block * 4;
    const channel = <usize>block << 4;
    const mean = movingMean != 0 ? loadLanes(movingMean + channel, count) : f32x4.splat(0);
    const variance = loadLanes(movingVariance + channel, count);
    let factor = inverseDeviation(
      f64x2.promote_low_f32x4(variance),
      promoteHigh(variance),
      epsilon,
    );
    if (gamma != 0) factor = f32x4.mul(factor, loadLanes(gamma + channel, count));
    const shift = beta != 0 ? loadLanes(beta + channel, count) : f32x4.splat(0);
    const at = plane * block;
    normalize(y + at, x + at, batch, pixels, sample, mean, factor, shift, laneMask(count));
  }
}

/**
 * Backward of training. With N = batch·pixels, x̂ = (x − mean)/σ:
 *
 *   ∂β = Σ ∂y,  ∂γ = Σ ∂y·x̂,  ∂x = γ/σ · (∂y − ∂β/N − x̂·∂γ/N)
 *
 * dx = 0: nobody wants it; dx may be dy. dGamma, dBeta = 0: not trained.
 */
export function batchNormBackward(
  dx: usize,
  dGamma: usize,
  dBeta: usize,
  dy: usize,
  x: usize,
  saved: usize,
  batch: i32,
  channels: i32,
  pixels: i32,
  gamma: usize,
): void {
  const blocks = groups(channels);
  const plane = <usize>pixels << 4;
  const sample = plane * blocks;
  const n = f64x2.splat(<f64>batch * <f64>pixels);
  const zero = f32x4.splat(0);
  for (let block = 0; block < blocks; block++, saved += 48) {
    const start = plane * block;
    const mean = v128.load(saved);
    const deviation = v128.load(saved, 16);
    const rest = v128.load(saved, 32);
    let low = zero;
    let high = zero;
    let lowProduct = zero;
    let highProduct = zero;
    for (let b = 0, at = start; b < batch; b++, at += sample) {
      for (let p = 0; p < pixels; p += RUN) {
        const from = at + (<usize>p << 4);
        const length = min(pixels - p, RUN);
        const sum = runSum(PLAIN, dy + from, dy + from, zero, length);
        low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
        high = f64x2.add(high, promoteHigh(sum));
        const product = runSum(PRODUCT, dy + from, x + from, mean, length);
        lowProduct = f64x2.add(lowProduct, f64x2.promote_low_f32x4(product));
        highProduct = f64x2.add(highProduct, promoteHigh(product));
      }
    }
    const lowDeviation = f64x2.promote_low_f32x4(deviation);
    const highDeviation = promoteHigh(deviation);
    lowProduct = f64x2.sub(lowProduct, f64x2.mul(f64x2.promote_low_f32x4(rest), low));
    highProduct = f64x2.sub(highProduct, f64x2.mul(promoteHigh(rest), high));
    lowProduct = f64x2.mul(lowProduct, lowDeviation);
    highProduct = f64x2.mul(highProduct, highDeviation);
    const count = channels - block * 4;
    const channel = <usize>block << 4;
    if (dBeta != 0) storeLanes(dBeta + channel, demote(low, high), count);
    if (dGamma != 0) storeLanes(dGamma + channel, demote(lowProduct, highProduct), count);
    if (dx == 0) continue;

    const slope = demote(
      f64x2.div(f64x2.mul(lowProduct, lowDeviation), n),
      f64x2.div(f64x2.mul(highProduct, highDeviation), n),
    );
    const constant = f32x4.sub(
      demote(f64x2.div(low, n), f64x2.div(high, n)),
      f32x4.mul(rest, slope),
    );
    const factor = gamma != 0 ? f32x4.mul(deviation, loadLanes(gamma + channel, count)) : deviation;
    const mask = laneMask(count);
    for (let b = 0, at = start; b < batch; b++, at += sample) {
      const end = at + plane;
      for (let i = at; i < end; i += 16) {
        const centred = f32x4.sub(v128.load(x + i), mean);
        const difference = f32x4.sub(v128.load(dy + i), constant);
        const value = f32x4.mul(f32x4.sub(difference, f32x4.mul(centred, slope)), factor);
        v128.store(dx + i, v128.and(value, mask));
      }
    }
  }
}
