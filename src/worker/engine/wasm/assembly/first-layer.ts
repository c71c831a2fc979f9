/**
 * The first layer of a network for images of one channel: 3 × 3 taps that move by one, bias, ReLU
 * and max pooling by 2 × 2 in one pass, with or without batch norm between them.
 *
 *   y = relu(Σ_t w'[t]·x[p + t] + b')      pooled, and the places of the maxima (pool-window.ts)
 *
 * The convolution's own map never exists, not even for the statistics of the batch norm (Ioffe &
 * Szegedy 2015, Algorithm 1): they follow from the Gram matrix of the patches,
 *
 *   S[t] = Σ_p x[p + t]     G[t][u] = Σ_p x[p + t]·x[p + u]     over all N positions of the batch
 *   mean = Σ_t w[t]·S[t]/N  variance = Σ_tu w[t]·w[u]·(G[t][u]/N − S[t]·S[u]/N²)
 *
 * and then w' = γ/σ·w and b' = β − γ/σ·mean. In backward, with g the gradient at the maxima and
 * A[t] = Σ g·x[p + t], likewise
 *
 *   ∂β = Σ g      ∂γ = (Σ_t w[t]·A[t] − mean·∂β)/σ
 *   ∂w[t] = γ/σ·(A[t] − ∂β/N·S[t] − ∂γ/N·(Σ_u w[u]·G[u][t] − mean·S[t])/σ)
 *
 *   images    [batch][height + 2·pad][width + 2·pad], and four floats behind the last
 *   folded    [outputs/4][10][4]: w' of nine taps, b'
 *   moments   float64: G [9][9], S [9]; then for each output mean, 1/σ
 */
import { NOWHERE, PoolWindow, finishPlace, laterPlace } from './pool-window';
import { loadLanes, madd } from './simd';

const TAPS: i32 = 9;

/** Bytes of G and S. */
const MOMENTS: usize = 720;

/** Images with zeros around them, from x [batch][1][height][width][4], of which lane 0 counts. */
export function firstLayerImages(
  images: usize,
  x: usize,
  batch: i32,
  height: i32,
  width: i32,
  pad: i32,
): void {
  const columns = width + 2 * pad;
  memory.fill(images, 0, (<usize>(batch * (height + 2 * pad) * columns)) << 2);
  for (let sample = 0; sample < batch; sample++) {
    let to = images + ((<usize>((sample * (height + 2 * pad) + pad) * columns + pad)) << 2);
    for (let y = 0; y < height; y++) {
      for (let i = 0; i < width; i++, x += 16) store<f32>(to + ((<usize>i) << 2), load<f32>(x));
      to += (<usize>columns) << 2;
    }
  }
}

/** Weights w [3][3][1][outputs] and bias as they are: part `part` of `parts` of the blocks. */
export function firstLayerPack(
  part: i32,
  parts: i32,
  folded: usize,
  w: usize,
  bias: usize,
  outputs: i32,
): void {
  const blocks = (outputs + 3) >> 2;
  const end = (blocks * (part + 1)) / parts;
  for (let block = (blocks * part) / parts; block < end; block++) {
    const lanes = outputs - block * 4;
    const to = folded + <usize>block * 160;
    const from = (<usize>block) << 4;
    for (let tap = 0; tap < TAPS; tap++) {
      const at = w + ((<usize>(tap * outputs)) << 2) + from;
      v128.store(to + ((<usize>tap) << 4), loadLanes(at, lanes));
    }
    v128.store(to + 144, bias ? loadLanes(bias + from, lanes) : f32x4.splat(0));
  }
}

/** Lanes and a rest, in float64. */
// @ts-ignore: decorator
@inline
function doubleSum(x: v128, rest: f32): f64 {
  return (
    <f64>f32x4.extract_lane(x, 0) +
    <f64>f32x4.extract_lane(x, 1) +
    (<f64>f32x4.extract_lane(x, 2) + <f64>f32x4.extract_lane(x, 3)) +
    <f64>rest
  );
}

/** Σ a·b over `count` floats of a row of a map. */
// @ts-ignore: decorator
@inline
function dot(a: usize, b: usize, count: i32): f64 {
  let sum = f32x4.splat(0);
  let left = count;
  for (; left >= 4; left -= 4, a += 16, b += 16) {
    sum = madd(v128.load(a), v128.load(b), sum);
  }
  let rest: f32 = 0;
  for (; left > 0; left--, a += 4, b += 4) rest += load<f32>(a) * load<f32>(b);
  return doubleSum(sum, rest);
}

/** Σ a, likewise. */
// @ts-ignore: decorator
@inline
function total(a: usize, count: i32): f64 {
  let sum = f32x4.splat(0);
  let left = count;
  for (; left >= 4; left -= 4, a += 16) sum = f32x4.add(sum, v128.load(a));
  let rest: f32 = 0;
  for (; left > 0; left--, a += 4) rest += load<f32>(a);
  return doubleSum(sum, rest);
}

/** Where A[t] stands among the sums of addPatches: four a row of taps. */
// @ts-ignore: decorator
@inline
function patchSum(sums: usize, t: i32): f64 {
  return load<f64>(sums + ((<usize>((t / 3) * 4 + (t % 3))) << 3));
}

// @ts-ignore: decorator
@inline
function gramAt(moments: usize, t: i32, u: i32): usize {
  return moments + ((<usize>(t * TAPS + u)) << 3);
}

// @ts-ignore: decorator
@inline
function sumAt(moments: usize, t: i32): usize {
  return gramAt(moments, TAPS, t);
}

/**
 * G and S of the images, rows in float32, sums of rows in float64. A term of G depends on how the
 * taps lie to each other but for the borders, so that each is summed for itself.
 */
function gram(
  moments: usize,
  images: usize,
  batch: i32,
  columns: i32,
  rows: i32,
  outHeight: i32,
  outWidth: i32,
): void {
  memory.fill(moments, 0, MOMENTS);
  const line = (<usize>columns) << 2;
  for (let sample = 0; sample < batch; sample++, images += line * rows) {
    for (let y = 0; y < outHeight; y++) {
      const row = images + line * y;
      for (let t = 0; t < TAPS; t++) {
        const a = row + line * (t / 3) + ((<usize>(t % 3)) << 2);
        store<f64>(sumAt(moments, t), load<f64>(sumAt(moments, t)) + total(a, outWidth));
        for (let u = t; u < TAPS; u++) {
          const b = row + line * (u / 3) + ((<usize>(u % 3)) << 2);
          const at = gramAt(moments, t, u);
          store<f64>(at, load<f64>(at) + dot(a, b, outWidth));
        }
      }
    }
  }
  for (let t = 0; t < TAPS; t++) {
    for (let u = 0; u < t; u++) store<f64>(gramAt(moments, t, u), load<f64>(gramAt(moments, u, t)));
  }
}

/**
 * The statistics of the micro-batch, and weights and bias with the batch norm folded in. The terms
 * of the moving statistics are weighed by `momentumTerm`; 0 = there is none.
 */
export function firstLayerStatistics(
  folded: usize,
  moments: usize,
  images: usize,
  batch: i32,
  height: i32,
  width: i32,
  pad: i32,
  outHeight: i32,
  outWidth: i32,
  outputs: i32,
  w: usize,
  bias: usize,
  gamma: usize,
  beta: usize,
  meanTerms: usize,
  varianceTerms: usize,
  momentumTerm: f32,
  epsilon: f64,
  add: bool,
): void {
  gram(moments, images, batch, width + 2 * pad, height + 2 * pad, outHeight, outWidth);
  const n = <f64>batch * <f64>outHeight * <f64>outWidth;
  for (let out = 0; out < outputs; out++) {
    const channel = (<usize>out) << 2;
    const weights = w + channel;
    let mean: f64 = 0;
    let variance: f64 = 0;
    for (let t = 0; t < TAPS; t++) {
      const wt = <f64>load<f32>(weights + ((<usize>(t * outputs)) << 2));
      const st = load<f64>(sumAt(moments, t)) / n;
      mean += wt * st;
      for (let u = 0; u < TAPS; u++) {
        const wu = <f64>load<f32>(weights + ((<usize>(u * outputs)) << 2));
        const su = load<f64>(sumAt(moments, u)) / n;
        variance += wt * wu * (load<f64>(gramAt(moments, t, u)) / n - st * su);
      }
    }
    // Rounding may leave −0.000… of a constant channel.
    if (variance < 0) variance = 0;
    const inverse = 1.0 / sqrt(variance + epsilon);
    store<f64>(moments + MOMENTS + ((<usize>out) << 4), mean);
    store<f64>(moments + MOMENTS + ((<usize>out) << 4), inverse, 8);
    if (meanTerms != 0) {
      const own = bias ? <f64>load<f32>(bias + channel) : 0;
      put(meanTerms, channel, <f64>(<f32>(mean + own) * momentumTerm), add);
      put(varianceTerms, channel, <f64>(<f32>variance * momentumTerm), add);
    }
    fold(folded, out, weights, outputs, gamma, beta, mean, inverse);
  }
  clearLanes(folded, outputs);
}

/** As firstLayerStatistics with the moving statistics, for inference and where all is frozen. */
export function firstLayerFold(
  folded: usize,
  moments: usize,
  outputs: i32,
  w: usize,
  bias: usize,
  gamma: usize,
  beta: usize,
  movingMean: usize,
  movingVariance: usize,
  epsilon: f64,
): void {
  for (let out = 0; out < outputs; out++) {
    const channel = (<usize>out) << 2;
    const own = bias ? <f64>load<f32>(bias + channel) : 0;
    const mean = <f64>load<f32>(movingMean + channel) - own;
    const inverse = 1.0 / sqrt(<f64>load<f32>(movingVariance + channel) + epsilon);
    store<f64>(moments + MOMENTS + ((<usize>out) << 4), mean);
    store<f64>(moments + MOMENTS + ((<usize>out) << 4), inverse, 8);
    fold(folded, out, w + channel, outputs, gamma, beta, mean, inverse);
  }
  clearLanes(folded, outputs);
}

function fold(
  folded: usize,
  out: i32,
  weights: usize,
  outputs: i32,
  gamma: usize,
  beta: usize,
  mean: f64,
  inverse: f64,
): void {
  const channel = (<usize>out) << 2;
  const factor = gamma ? inverse * <f64>load<f32>(gamma + channel) : inverse;
  const to = folded + (<usize>(out >> 2)) * 160 + ((<usize>(out & 3)) << 2);
  for (let t = 0; t < TAPS; t++) {
    const wt = <f64>load<f32>(weights + ((<usize>(t * outputs)) << 2));
    store<f32>(to + ((<usize>t) << 4), <f32>(wt * factor));
  }
  const shift = beta ? <f64>load<f32>(beta + channel) : 0;
  store<f32>(to + 144, <f32>(shift - mean * factor));
}

/** Zeros in the lanes past the last channel. */
function clearLanes(folded: usize, outputs: i32): void {
  for (let out = outputs; out & 3; out++) {
    const to = folded + (<usize>(out >> 2)) * 160 + ((<usize>(out & 3)) << 2);
    for (let t = 0; t <= TAPS; t++) store<f32>(to + ((<usize>t) << 4), 0);
  }
}

/** y [batch][outputs/4][pool.outHeight][pool.outWidth][4], and the places of its maxima. */
export function firstLayerForward(
  images: usize,
  folded: usize,
  batch: i32,
  height: i32,
  width: i32,
  pad: i32,
  outputs: i32,
  activate: bool,
  window: usize,
  y: usize,
  places: usize,
): void {
  const pool = changetype<PoolWindow>(window);
  const row = (<usize>(width + 2 * pad)) << 2;
  const blocks = (outputs + 3) >> 2;
  for (let sample = 0; sample < batch; sample++, images += row * (height + 2 * pad)) {
    for (let block = 0; block < blocks; block++) {
      const w = folded + <usize>block * 160;
      if (activate) pooledBlock(true, pool, images, row, w, y, places);
      else pooledBlock(false, pool, images, row, w, y, places);
      const pooled = pool.outHeight * pool.outWidth;
      y += (<usize>pooled) << 4;
      places += (<usize>pooled) << 2;
    }
  }
}

/** One block of four channels of one image: four positions, 4 × 4 pixels, make one pooled value. */
// @ts-ignore: decorator
@inline
function pooledBlock(
  activate: bool,
  pool: PoolWindow,
  image: usize,
  row: usize,
  w: usize,
  y: usize,
  places: usize,
): void {
  const w0 = v128.load(w);
  const w1 = v128.load(w + 16);
  const w2 = v128.load(w + 32);
  const w3 = v128.load(w + 48);
  const w4 = v128.load(w + 64);
  const w5 = v128.load(w + 80);
  const w6 = v128.load(w + 96);
  const w7 = v128.load(w + 112);
  const w8 = v128.load(w + 128);
  for (let oy = pool.outHeight; oy > 0; oy--) {
    let p = image;
    for (let ox = pool.outWidth; ox > 0; ox--) {
      const bias = v128.load(w + 144);
      let x = v128.load32_splat(p);
      let a = madd(x, w0, bias);
      x = v128.load32_splat(p + 4);
      a = madd(x, w1, a);
      let b = madd(x, w0, bias);
      x = v128.load32_splat(p + 8);
      a = madd(x, w2, a);
      b = madd(x, w1, b);
      x = v128.load32_splat(p + 12);
      b = madd(x, w2, b);
      let q = p + row;
      x = v128.load32_splat(q);
      a = madd(x, w3, a);
      let c = madd(x, w0, bias);
      x = v128.load32_splat(q + 4);
      a = madd(x, w4, a);
      b = madd(x, w3, b);
      c = madd(x, w1, c);
      let d = madd(x, w0, bias);
      x = v128.load32_splat(q + 8);
      a = madd(x, w5, a);
      b = madd(x, w4, b);
      c = madd(x, w2, c);
      d = madd(x, w1, d);
      x = v128.load32_splat(q + 12);
      b = madd(x, w5, b);
      d = madd(x, w2, d);
      q += row;
      x = v128.load32_splat(q);
      a = madd(x, w6, a);
      c = madd(x, w3, c);
      x = v128.load32_splat(q + 4);
      a = madd(x, w7, a);
      b = madd(x, w6, b);
      c = madd(x, w4, c);
      d = madd(x, w3, d);
      x = v128.load32_splat(q + 8);
      a = madd(x, w8, a);
      b = madd(x, w7, b);
      c = madd(x, w5, c);
      d = madd(x, w4, d);
      x = v128.load32_splat(q + 12);
      b = madd(x, w8, b);
      d = madd(x, w5, d);
      q += row;
      c = madd(v128.load32_splat(q), w6, c);
      x = v128.load32_splat(q + 4);
      c = madd(x, w7, c);
      d = madd(x, w6, d);
      x = v128.load32_splat(q + 8);
      c = madd(x, w8, c);
      d = madd(x, w7, d);
      d = madd(v128.load32_splat(q + 12), w8, d);

      let place = laterPlace(i32x4.splat(0), a, b, 1);
      let best = f32x4.pmax(a, b);
      place = laterPlace(place, best, c, 2);
      best = f32x4.pmax(best, c);
      place = laterPlace(place, best, d, 3);
      best = f32x4.pmax(best, d);
      if (activate) best = f32x4.pmax(f32x4.splat(0), best);
      finishPlace(y, places, best, place, activate);
      p += 8;
      y += 16;
      places += 4;
    }
    image += row * 2;
  }
}

/**
 * Gradients of w, bias, gamma and beta, each where its address is not 0, from the gradient dy of
 * the pooled map; `add`: to what they hold. `normalized`: 0 there is no batch norm; 1 with the
 * statistics of the micro-batch; 2 with fixed ones. Part `part` of `parts` does a range of the
 * blocks of outputs. `scratch`: 2 KiB.
 */
export function firstLayerBackward(
  part: i32,
  parts: i32,
  add: bool,
  images: usize,
  batch: i32,
  height: i32,
  width: i32,
  pad: i32,
  outHeight: i32,
  outWidth: i32,
  outputs: i32,
  dy: usize,
  places: usize,
  window: usize,
  dw: usize,
  biasGradient: usize,
  normalized: i32,
  w: usize,
  gamma: usize,
  dGamma: usize,
  dBeta: usize,
  moments: usize,
  scratch: usize,
): void {
  const pool = changetype<PoolWindow>(window);
  const row = (<usize>(width + 2 * pad)) << 2;
  const image = row * (height + 2 * pad);
  const blocks = (outputs + 3) >> 2;
  const pooled = pool.outHeight * pool.outWidth;
  for (let place = 0; place < 256; place++) {
    const inside = place < 4 ? row * (place >> 1) + ((<usize>(place & 1)) << 2) : 0;
    store<u32>(scratch + ((<usize>place) << 2), <u32>inside);
  }
  const sums = scratch + 1024;
  const n = <f64>batch * <f64>outHeight * <f64>outWidth;
  const end = min(outputs, ((blocks * (part + 1)) / parts) * 4);
  for (let out = ((blocks * part) / parts) * 4; out < end; out++) {
    memory.fill(sums, 0, 128);
    const lane = (<usize>(out & 3)) << 2;
    for (let sample = 0; sample < batch; sample++) {
      const value = <usize>((sample * blocks + (out >> 2)) * pooled);
      addPatches(
        pool, images + image * sample, row, scratch,
        dy + (value << 4) + lane, places + (value << 2) + (lane >> 2), sums,
      );
    }
    finishGradients(
      add, out, outputs, n, sums, dw, biasGradient, normalized, w, gamma, dGamma, dBeta, moments,
    );
  }
}

/** Adds A[t] = Σ g·x[p + t] (float64 [12], four a row of taps, the last without meaning) and Σ g. */
// @ts-ignore: decorator
@inline
function addPatches(
  pool: PoolWindow,
  image: usize,
  row: usize,
  offsets: usize,
  gradient: usize,
  places: usize,
  sums: usize,
): void {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  for (let oy = pool.outHeight; oy > 0; oy--) {
    let p = image;
    for (let ox = pool.outWidth; ox > 0; ox--) {
      const place: i32 = load<u8>(places);
      const g = f32x4.splat(place == NOWHERE ? 0 : load<f32>(gradient));
      let at = p + <usize>load<u32>(offsets + ((<usize>place) << 2));
      a = madd(g, v128.load(at), a);
      at += row;
      b = madd(g, v128.load(at), b);
      at += row;
      c = madd(g, v128.load(at), c);
      d = f32x4.add(d, g);
      p += 8;
      gradient += 16;
      places += 4;
    }
    image += row * 2;
  }
  addDoubles(sums, a);
  addDoubles(sums + 32, b);
  addDoubles(sums + 64, c);
  store<f64>(sums, load<f64>(sums, 96) + <f64>f32x4.extract_lane(d, 0), 96);
}

// @ts-ignore: decorator
@inline
function addDoubles(to: usize, x: v128): void {
  const high = v128.shuffle<f32>(x, x, 2, 3, 2, 3);
  v128.store(to, f64x2.add(v128.load(to), f64x2.promote_low_f32x4(x)));
  v128.store(to, f64x2.add(v128.load(to, 16), f64x2.promote_low_f32x4(high)), 16);
}

// @ts-ignore: decorator
@inline
function put(to: usize, channel: usize, x: f64, add: bool): void {
  if (to == 0) return;
  const at = to + channel;
  store<f32>(at, add ? load<f32>(at) + <f32>x : <f32>x);
}

function finishGradients(
  add: bool,
  out: i32,
  outputs: i32,
  n: f64,
  sums: usize,
  dw: usize,
  biasGradient: usize,
  normalized: i32,
  w: usize,
  gamma: usize,
  dGamma: usize,
  dBeta: usize,
  moments: usize,
): void {
  const channel = (<usize>out) << 2;
  const sumG = load<f64>(sums, 96);
  if (normalized == 0) {
    put(biasGradient, channel, sumG, add);
    for (let t = 0; t < TAPS; t++) {
      const a = patchSum(sums, t);
      put(dw, channel + ((<usize>(t * outputs)) << 2), a, add);
    }
    return;
  }
  const mean = load<f64>(moments + MOMENTS + ((<usize>out) << 4));
  const inverse = load<f64>(moments + MOMENTS + ((<usize>out) << 4), 8);
  const factor = gamma ? inverse * <f64>load<f32>(gamma + channel) : inverse;
  let product: f64 = 0;
  for (let t = 0; t < TAPS; t++) {
    const wt = <f64>load<f32>(w + channel + ((<usize>(t * outputs)) << 2));
    product += wt * patchSum(sums, t);
  }
  const gammaGradient = (product - mean * sumG) * inverse;
  put(dGamma, channel, gammaGradient, add);
  put(dBeta, channel, sumG, add);
  // A constant that the batch norm takes out again, unless its mean is fixed.
  put(biasGradient, channel, normalized == 1 ? 0 : factor * sumG, add);
  for (let t = 0; t < TAPS; t++) {
    let gradient = patchSum(sums, t);
    if (normalized == 1) {
      const sum = load<f64>(sumAt(moments, t));
      let correlation: f64 = 0;
      for (let u = 0; u < TAPS; u++) {
        const wu = <f64>load<f32>(w + channel + ((<usize>(u * outputs)) << 2));
        correlation += wu * load<f64>(gramAt(moments, u, t));
      }
      correlation = (correlation - mean * sum) * inverse;
      gradient -= (sumG / n) * sum + (gammaGradient / n) * correlation;
    }
    put(dw, channel + ((<usize>(t * outputs)) << 2), factor * gradient, add);
  }
}
