import { groups, laneMask, zeroVectors } from './lanes';
import { loadLanes, madd, putLanes, storeLanes } from './simd';
import { tapBegin, tapEnd } from './window';

/**
 * Depthwise convolution: output channel o = i·multiplier + j is input channel i with its own
 * window. Maps are [batch][channels/4][height·width][4]; weights [tap][in][multiplier], that is
 * [tap][out channel], are packed to [tap][⌈out/4⌉][4] with zeros past the channels.
 *
 * The four outputs of a block never straddle input blocks: block B reads block ⌊B/multiplier⌋,
 * lane k its lane ⌊(4B + k)/multiplier⌋ mod 4.
 */

/** Of i8x16.swizzle: bytes of lane k, or zeros for k < 0. */
// @ts-ignore: decorator
@inline
function lanePattern(k: i32): i32 {
  return k < 0 ? -1 : 0x03020100 + k * 0x04040404;
}

/** Brings to each output lane of a block the input lane that it reads. */
function spreadPattern(block: i32, multiplier: i32): v128 {
  const o = block * 4;
  let pattern = i32x4.splat(lanePattern((o / multiplier) & 3));
  pattern = i32x4.replace_lane(pattern, 1, lanePattern(((o + 1) / multiplier) & 3));
  pattern = i32x4.replace_lane(pattern, 2, lanePattern(((o + 2) / multiplier) & 3));
  return i32x4.replace_lane(pattern, 3, lanePattern(((o + 3) / multiplier) & 3));
}

/** The output lane that is the r-th of input lane `lane` within an output block, or −1. */
function gatherLane(block: i32, multiplier: i32, lane: i32, r: i32): i32 {
  const input = (block / multiplier) * 4 + lane;
  const first = input * multiplier - block * 4;
  const k = max(first, 0) + r;
  return k < min(first + multiplier, 4) ? k : -1;
}

/** Brings to each input lane the r-th output lane that read it: the adjoint of spreadPattern. */
function gatherPattern(block: i32, multiplier: i32, r: i32): v128 {
  let pattern = i32x4.splat(lanePattern(gatherLane(block, multiplier, 0, r)));
  pattern = i32x4.replace_lane(pattern, 1, lanePattern(gatherLane(block, multiplier, 1, r)));
  pattern = i32x4.replace_lane(pattern, 2, lanePattern(gatherLane(block, multiplier, 2, r)));
  return i32x4.replace_lane(pattern, 3, lanePattern(gatherLane(block, multiplier, 3, r)));
}

/** Taps part, part + parts, … ; `reversed` also turns the window by 180°. */
export function packDepthwise(
  part: i32,
  parts: i32,
  to: usize,
  weights: usize,
  taps: i32,
  channels: i32,
  reversed: i32,
): void {
  const blocks = groups(channels);
  for (let tap = part; tap < taps; tap += parts) {
    let from = weights + ((<usize>tap * channels) << 2);
    let at = to + ((<usize>(reversed ? taps - 1 - tap : tap) * blocks) << 4);
    for (let left = channels; left > 0; left -= 4, from += 16, at += 16) {
      v128.store(at, loadLanes(from, left));
    }
  }
}

// @ts-ignore: decorator
@inline
function spread(x: v128, pattern: v128, multiplier: i32): v128 {
  return multiplier == 1 ? x : i8x16.swizzle(x, pattern);
}

/** y = x ∗ w + bias, ReLU where asked. bias: float32 [out] or 0. */
export function depthwise(
  y: usize,
  x: usize,
  packed: usize,
  bias: usize,
  batch: i32,
  channels: i32,
  multiplier: i32,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  padTop: i32,
  padLeft: i32,
  withRelu: i32,
): void {
  const outChannels = channels * multiplier;
  const blocks = groups(outChannels);
  const row = <usize>width << 4;
  const plane = row * height;
  const sample = plane * groups(channels);
  const tapStep = <usize>blocks << 4;
  const stepX = <usize>strideWidth << 4;
  const floor = f32x4.splat(withRelu ? 0 : <f32>-Infinity);
  // Outputs from `safeBegin` on, in fours below `safeEnd`, have all taps of a row on the map.
  const safeBegin = max(0, (padLeft + strideWidth - 1) / strideWidth);
  const lastFirst = width - 1 - (kernelWidth - 1) * dilationWidth + padLeft;
  const safeEnd = lastFirst < 0 ? 0 : min(outWidth, lastFirst / strideWidth + 1);
  for (let b = 0; b < batch; b++, x += sample) {
    for (let block = 0; block < blocks; block++) {
      const from = x + plane * (block / multiplier);
      const pattern = spreadPattern(block, multiplier);
      const weights = packed + (<usize>block << 4);
      const count = outChannels - block * 4;
      const shift = bias ? loadLanes(bias + (<usize>block << 4), count) : f32x4.splat(0);
      const mask = laneMask(count);
      for (let oy = 0; oy < outHeight; oy++) {
        const y0 = oy * strideHeight - padTop;
        const top = tapBegin(y0, dilationHeight);
        const bottom = tapEnd(y0, dilationHeight, kernelHeight, height);
        let ox = 0;
        while (ox < outWidth) {
          const x0 = ox * strideWidth - padLeft;
          if (ox >= safeBegin && ox + 4 <= safeEnd) {
            let a = shift;
            let e = shift;
            let c = shift;
            let d = shift;
            for (let ky = top; ky < bottom; ky++) {
              let at = from + row * (y0 + ky * dilationHeight) + (<usize>x0 << 4);
              let w = weights + tapStep * (ky * kernelWidth);
              for (let kx = 0; kx < kernelWidth; kx++) {
                const weight = v128.load(w);
                a = madd(spread(v128.load(at), pattern, multiplier), weight, a);
                e = madd(spread(v128.load(at + stepX), pattern, multiplier), weight, e);
                c = madd(spread(v128.load(at + stepX * 2), pattern, multiplier), weight, c);
                d = madd(spread(v128.load(at + stepX * 3), pattern, multiplier), weight, d);
                at += <usize>dilationWidth << 4;
                w += tapStep;
              }
            }
            v128.store(y, v128.and(f32x4.pmax(a, floor), mask));
            v128.store(y, v128.and(f32x4.pmax(e, floor), mask), 16);
            v128.store(y, v128.and(f32x4.pmax(c, floor), mask), 32);
            v128.store(y, v128.and(f32x4.pmax(d, floor), mask), 48);
            ox += 4;
            y += 64;
          } else {
            const left = tapBegin(x0, dilationWidth);
            const right = tapEnd(x0, dilationWidth, kernelWidth, width);
            let a = shift;
            for (let ky = top; ky < bottom; ky++) {
              const line = from + row * (y0 + ky * dilationHeight);
              for (let kx = left; kx < right; kx++) {
                const at = line + (<usize>(x0 + kx * dilationWidth) << 4);
                const weight = v128.load(weights + tapStep * (ky * kernelWidth + kx));
                a = madd(spread(v128.load(at), pattern, multiplier), weight, a);
              }
            }
            v128.store(y, v128.and(f32x4.pmax(a, floor), mask));
            ox += 1;
            y += 16;
          }
        }
      }
    }
  }
}

/**
 * dx of any stride and multiplier: each output's gradient spread over its window. (With stride 1
 * and multiplier 1 it is a convolution of dy with the turned window, which is faster.)
 */
export function depthwiseInputGradient(
  dx: usize,
  dy: usize,
  packed: usize,
  batch: i32,
  channels: i32,
  multiplier: i32,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const blocks = groups(channels * multiplier);
  const inBlocks = groups(channels);
  const row = <usize>width << 4;
  const plane = row * height;
  const tapStep = <usize>blocks << 4;
  for (let b = 0; b < batch; b++, dx += plane * inBlocks) {
    zeroVectors(dx, inBlocks * height * width);
    for (let block = 0; block < blocks; block++) {
      const to = dx + plane * (block / multiplier);
      const weights = packed + (<usize>block << 4);
      const gather0 = gatherPattern(block, multiplier, 0);
      const gather1 = gatherPattern(block, multiplier, 1);
      const gather2 = gatherPattern(block, multiplier, 2);
      const gather3 = gatherPattern(block, multiplier, 3);
      for (let oy = 0; oy < outHeight; oy++) {
        const y0 = oy * strideHeight - padTop;
        const top = tapBegin(y0, dilationHeight);
        const bottom = tapEnd(y0, dilationHeight, kernelHeight, height);
        for (let ox = 0; ox < outWidth; ox++, dy += 16) {
          const x0 = ox * strideWidth - padLeft;
          const left = tapBegin(x0, dilationWidth);
          const right = tapEnd(x0, dilationWidth, kernelWidth, width);
          const gradient = v128.load(dy);
          for (let ky = top; ky < bottom; ky++) {
            const line = to + row * (y0 + ky * dilationHeight);
            for (let kx = left; kx < right; kx++) {
              const at = line + (<usize>(x0 + kx * dilationWidth) << 4);
              const weight = v128.load(weights + tapStep * (ky * kernelWidth + kx));
              const value = f32x4.mul(gradient, weight);
              let sum = value;
              if (multiplier > 1) {
                sum = f32x4.add(i8x16.swizzle(value, gather0), i8x16.swizzle(value, gather1));
                if (multiplier > 2) {
                  const rest = i8x16.swizzle(value, gather3);
                  sum = f32x4.add(sum, f32x4.add(i8x16.swizzle(value, gather2), rest));
                }
              }
              v128.store(at, f32x4.add(v128.load(at), sum));
            }
          }
        }
      }
    }
  }
}

/** Σ a·spread(b) over `count` vectors, `step` bytes apart in b: four accumulators. */
// @ts-ignore: decorator
@inline
function productSum(
  a: usize,
  b: usize,
  count: i32,
  step: usize,
  pattern: v128,
  multiplier: i32,
): v128 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (; count >= 4; count -= 4, a += 64) {
    s0 = madd(v128.load(a), spread(v128.load(b), pattern, multiplier), s0);
    b += step;
    s1 = madd(v128.load(a, 16), spread(v128.load(b), pattern, multiplier), s1);
    b += step;
    s2 = madd(v128.load(a, 32), spread(v128.load(b), pattern, multiplier), s2);
    b += step;
    s3 = madd(v128.load(a, 48), spread(v128.load(b), pattern, multiplier), s3);
    b += step;
  }
  for (; count > 0; count--, a += 16, b += step) {
    s0 = madd(v128.load(a), spread(v128.load(b), pattern, multiplier), s0);
  }
  return f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
}

/**
 * Gradients of weights [tap][out] and bias [out], sums over samples and pixels taken by rows, then
 * maps, then samples. `scratch`: 16 bytes a tap. dWeights, dBias: 0 where frozen or absent.
 */
export function depthwiseWeightGradient(
  part: i32,
  parts: i32,
  add: bool,
  dWeights: usize,
  dBias: usize,
  dy: usize,
  x: usize,
  scratch: usize,
  batch: i32,
  channels: i32,
  multiplier: i32,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const outChannels = channels * multiplier;
  const blocks = groups(outChannels);
  const row = <usize>width << 4;
  const plane = row * height;
  const sample = plane * groups(channels);
  const outRow = <usize>outWidth << 4;
  const outPlane = outRow * outHeight;
  const taps = kernelHeight * kernelWidth;
  const last = (blocks * (part + 1)) / parts;
  for (let block = (blocks * part) / parts; block < last; block++) {
    const pattern = spreadPattern(block, multiplier);
    const count = outChannels - block * 4;
    let biasSum = f32x4.splat(0);
    zeroVectors(scratch, taps);
    for (let b = 0; b < batch; b++) {
      const from = x + sample * b + plane * (block / multiplier);
      const gradient = dy + outPlane * (b * blocks + block);
      if (dBias) biasSum = f32x4.add(biasSum, mapSum(gradient, outHeight, outWidth));
      if (!dWeights) continue;
      let total = scratch;
      for (let ky = 0; ky < kernelHeight; ky++) {
        for (let kx = 0; kx < kernelWidth; kx++, total += 16) {
          // Outputs [begin, end) have this tap on the map.
          const offset = kx * dilationWidth - padLeft;
          const begin = tapBegin(offset, strideWidth);
          const end = tapEnd(offset, strideWidth, outWidth, width);
          const x0 = offset + begin * strideWidth;
          let mapTotal = f32x4.splat(0);
          for (let oy = 0; oy < outHeight; oy++) {
            const iy = oy * strideHeight - padTop + ky * dilationHeight;
            if (<u32>iy >= <u32>height) continue;
            const rowTotal = productSum(
              gradient + outRow * oy + (<usize>begin << 4),
              from + row * iy + (<usize>x0 << 4),
              end - begin,
              <usize>strideWidth << 4,
              pattern,
              multiplier,
            );
            mapTotal = f32x4.add(mapTotal, rowTotal);
          }
          v128.store(total, f32x4.add(v128.load(total), mapTotal));
        }
      }
    }
    if (dBias) putLanes(dBias + (<usize>block << 4), biasSum, count, add);
    if (!dWeights) continue;
    let to = dWeights + (<usize>block << 4);
    for (let tap = 0; tap < taps; tap++, to += <usize>outChannels << 2) {
      putLanes(to, v128.load(scratch + (<usize>tap << 4)), count, add);
    }
  }
}

function mapSum(at: usize, height: i32, width: i32): v128 {
  let total = f32x4.splat(0);
  for (let y = 0; y < height; y++) {
    let sum = f32x4.splat(0);
    for (let x = 0; x < width; x++, at += 16) sum = f32x4.add(sum, v128.load(at));
    total = f32x4.add(total, sum);
  }
  return total;
}
