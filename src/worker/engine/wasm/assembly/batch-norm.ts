import { groups, laneMask } from './lanes';
import { keptLanes } from './dropout';
import { PoolWindow, expandMap, poolMap } from './pool-window';
import { loadLanes, putLanes, relu, whereOn } from './simd';

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

/**
 * What happens to the normalized values of a plane of the map, or to their gradients, besides: a
 * ReLU (`activate`), then a max pool (`window` not 0; the pooled map and the `places` of its maxima
 * last, pool-window.ts) or a dropout (`kept` not 0; a byte a vector as dropout.ts has it).
 */

/** (x − mean)·factor + shift over `vectors` vectors; lanes outside of `mask` become 0. */
// @ts-ignore: decorator
@inline
function normalizePlane(
  activate: bool,
  dropped: bool,
  y: usize,
  x: usize,
  vectors: i32,
  mean: v128,
  factor: v128,
  shift: v128,
  mask: v128,
  kept: usize,
  scale: v128,
): void {
  const end = x + (<usize>vectors << 4);
  for (; x < end; x += 16, y += 16) {
    let value = f32x4.add(f32x4.mul(f32x4.sub(v128.load(x), mean), factor), shift);
    value = v128.and(value, mask);
    if (activate) value = relu(value);
    if (dropped) value = v128.and(f32x4.mul(value, scale), keptLanes(kept++));
    v128.store(y, value);
  }
}

/** y = (x − mean)·factor + shift and what follows, over one group of channels. */
function normalize(
  y: usize,
  x: usize,
  batch: i32,
  blocks: i32,
  block: i32,
  pixels: i32,
  mean: v128,
  factor: v128,
  shift: v128,
  mask: v128,
  activate: bool,
  window: usize,
  places: usize,
  map: usize,
  kept: usize,
  scale: f32,
): void {
  const pool = changetype<PoolWindow | null>(window);
  const area = pool ? pool.outHeight * pool.outWidth : pixels;
  const factorKept = f32x4.splat(scale);
  for (let b = 0; b < batch; b++) {
    const plane = b * blocks + block;
    const from = x + (<usize>(plane * pixels) << 4);
    const out = y + (<usize>(plane * area) << 4);
    const to = pool ? map : out;
    const bits = kept + <usize>(plane * pixels);
    if (kept) {
      if (activate) normalizePlane(true, true, to, from, pixels, mean, factor, shift, mask, bits, factorKept);
      else normalizePlane(false, true, to, from, pixels, mean, factor, shift, mask, bits, factorKept);
    } else if (activate) {
      normalizePlane(true, false, to, from, pixels, mean, factor, shift, mask, 0, factorKept);
    } else {
      normalizePlane(false, false, to, from, pixels, mean, factor, shift, mask, 0, factorKept);
    }
    if (pool) poolMap(pool, map, out, places + (<usize>(plane * area) << 2), activate);
  }
}

/**
 * Training. `momentumTerm` weighs the statistics that go to meanTerms and varianceTerms. Part `part`
 * of `parts` does a range of the blocks of channels. `map`: scratch for a plane, where there is a
 * pool.
 */
export function batchNormForward(
  part: i32,
  parts: i32,
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
  add: bool,
  activate: bool,
  window: usize,
  places: usize,
  map: usize,
  kept: usize,
  scale: f32,
): void {
  const blocks = groups(channels);
  const plane = <usize>pixels << 4;
  const sample = plane * blocks;
  const n = f64x2.splat(<f64>batch * <f64>pixels);
  const zero = f32x4.splat(0);
  const end = (blocks * (part + 1)) / parts;
  for (let block = (blocks * part) / parts; block < end; block++) {
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
    const at = saved + <usize>block * 48;
    v128.store(at, mean);
    v128.store(at, deviation, 16);
    v128.store(at, rest, 32);

    const count = channels - block * 4;
    const channel = <usize>block << 4;
    if (meanTerms != 0) {
      const weight = f32x4.splat(momentumTerm);
      putLanes(meanTerms + channel, f32x4.mul(mean, weight), count, add);
      putLanes(varianceTerms + channel, f32x4.mul(demote(low, high), weight), count, add);
    }
    const factor = gamma != 0 ? f32x4.mul(deviation, loadLanes(gamma + channel, count)) : deviation;
    let shift = beta != 0 ? loadLanes(beta + channel, count) : zero;
    shift = f32x4.sub(shift, f32x4.mul(rest, factor));
    normalize(
      y, x, batch, blocks, block, pixels, mean, factor, shift, laneMask(count),
      activate, window, places, map, kept, scale,
    );
  }
}

/** Inference: with the moving statistics. movingMean = 0: a mean of 0. Samples are independent. */
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
  activate: bool,
  window: usize,
  places: usize,
  map: usize,
  kept: usize,
  scale: f32,
): void {
  const blocks = groups(channels);
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
    normalize(
      y, x, batch, blocks, block, pixels, mean, factor, shift, laneMask(count),
      activate, window, places, map, kept, scale,
    );
  }
}

/**
 * The gradient before what follows the normalization, one plane: of the pooled map to the places of
 * its maxima, of dropped lanes and of those where y, after the ReLU, is not > 0 to zero.
 */
// @ts-ignore: decorator
@inline
function gradientPlane(
  to: usize,
  dy: usize,
  y: usize,
  plane: i32,
  pixels: i32,
  activate: bool,
  window: usize,
  places: usize,
  kept: usize,
  scale: v128,
): void {
  const pool = changetype<PoolWindow | null>(window);
  if (pool) {
    const first = <usize>(plane * pool.outHeight * pool.outWidth);
    expandMap(pool, dy + (first << 4), places + (first << 2), to);
    return;
  }
  const first = <usize>(plane * pixels);
  let from = dy + (first << 4);
  let output = y + (first << 4);
  let bits = kept + first;
  const end = from + (<usize>pixels << 4);
  for (; from < end; from += 16, output += 16, to += 16) {
    let g = v128.load(from);
    if (kept) g = v128.and(f32x4.mul(g, scale), keptLanes(bits++));
    if (activate) g = whereOn(v128.load(output), g);
    v128.store(to, g);
  }
}

/**
 * The gradient before what follows the normalization, for the backward of one with fixed statistics:
 * from dy to [batch][blocks][pixels][4] at `to`.
 */
export function batchNormGradientBefore(
  to: usize,
  dy: usize,
  y: usize,
  batch: i32,
  channels: i32,
  pixels: i32,
  activate: bool,
  window: usize,
  places: usize,
  kept: usize,
  scale: f32,
): void {
  const planes = batch * groups(channels);
  for (let plane = 0; plane < planes; plane++) {
    const at = to + (<usize>(plane * pixels) << 4);
    gradientPlane(at, dy, y, plane, pixels, activate, window, places, kept, f32x4.splat(scale));
  }
}

/**
 * Backward of training. With N = batch·pixels, x̂ = (x − mean)/σ:
 *
 *   ∂β = Σ ∂y,  ∂γ = Σ ∂y·x̂,  ∂x = γ/σ · (∂y − ∂β/N − x̂·∂γ/N)
 *
 * where ∂y is the gradient before a ReLU, max pool or dropout, made in `before` (which may be dx) if
 * there is one of these; else `before` is dy. dx = 0: nobody wants it; dx may be dy. dGamma, dBeta =
 * 0: not trained. `add`: to what they hold. Part `part` of `parts` does a range of the blocks.
 */
export function batchNormBackward(
  part: i32,
  parts: i32,
  add: bool,
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
  before: usize,
  y: usize,
  activate: bool,
  window: usize,
  places: usize,
  kept: usize,
  scale: f32,
): void {
  const blocks = groups(channels);
  const plane = <usize>pixels << 4;
  const sample = plane * blocks;
  const n = f64x2.splat(<f64>batch * <f64>pixels);
  const zero = f32x4.splat(0);
  const follows = activate || window != 0 || kept != 0;
  const factorKept = f32x4.splat(scale);
  const last = (blocks * (part + 1)) / parts;
  for (let block = (blocks * part) / parts; block < last; block++) {
    const start = plane * block;
    const own = saved + <usize>block * 48;
    const mean = v128.load(own);
    const deviation = v128.load(own, 16);
    const rest = v128.load(own, 32);
    let low = zero;
    let high = zero;
    let lowProduct = zero;
    let highProduct = zero;
    for (let b = 0, at = start; b < batch; b++, at += sample) {
      if (follows) {
        const index = b * blocks + block;
        gradientPlane(
          before + at, dy, y, index, pixels, activate, window, places, kept, factorKept,
        );
      }
      for (let p = 0; p < pixels; p += RUN) {
        const from = at + (<usize>p << 4);
        const length = min(pixels - p, RUN);
        const sum = runSum(PLAIN, before + from, before + from, zero, length);
        low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
        high = f64x2.add(high, promoteHigh(sum));
        const product = runSum(PRODUCT, before + from, x + from, mean, length);
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
    if (dBeta != 0) putLanes(dBeta + channel, demote(low, high), count, add);
    if (dGamma != 0) putLanes(dGamma + channel, demote(lowProduct, highProduct), count, add);
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
        const difference = f32x4.sub(v128.load(before + i), constant);
        const value = f32x4.mul(f32x4.sub(difference, f32x4.mul(centred, slope)), factor);
        v128.store(dx + i, v128.and(value, mask));
      }
    }
  }
}
