/**
 * Max pooling of the map of one sample and one block of channels, as part of the kernel that makes
 * the map: what lasts is the pooled value and the place of its maximum, a byte a channel, so that
 * the whole map need not.
 *
 *   map      [height][width][4] float32
 *   pooled   [outHeight][outWidth][4] float32
 *   places   [outHeight][outWidth][4] uint8: row·kernelWidth + column within the window; of equal
 *            maxima the first; NOWHERE for one that a ReLU has cut off
 *
 * Padding takes no part. Windows may overlap.
 */
import { zeroVectors } from './lanes';
import { tapBegin, tapEnd } from './window';

/** No gradient goes through here. */
export const NOWHERE: i32 = 255;

@unmanaged
export class PoolWindow {
  height: i32;
  width: i32;
  outHeight: i32;
  outWidth: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  padTop: i32;
  padLeft: i32;
}

/** Fills `at` (64 bytes). */
export function describePool(
  at: usize,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const pool = changetype<PoolWindow>(at);
  pool.height = height;
  pool.width = width;
  pool.outHeight = outHeight;
  pool.outWidth = outWidth;
  pool.kernelHeight = kernelHeight;
  pool.kernelWidth = kernelWidth;
  pool.strideHeight = strideHeight;
  pool.strideWidth = strideWidth;
  pool.padTop = padTop;
  pool.padLeft = padLeft;
}

/** Four int32 as four uint8. */
// @ts-ignore: decorator
@inline
export function storePlaces(to: usize, places: v128): void {
  v128.store_lane<u32>(to, v128.shuffle<u8>(places, places, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12), 0); // prettier-ignore
}

/** Four uint8 as four int32. */
// @ts-ignore: decorator
@inline
export function loadPlaces(from: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from)));
}

/** Takes pixel `place` into the running maximum. */
// @ts-ignore: decorator
@inline
export function laterPlace(places: v128, best: v128, pixel: v128, place: i32): v128 {
  return v128.bitselect(i32x4.splat(place), places, f32x4.lt(best, pixel));
}

/** `foldRelu`: the map is a ReLU's output, and maxima that are not above 0 are NOWHERE. */
export function poolMap(
  pool: PoolWindow,
  map: usize,
  pooled: usize,
  places: usize,
  foldRelu: bool,
): void {
  const row = (<usize>pool.width) << 4;
  if (isHalving(pool)) {
    for (let y = 0; y < pool.outHeight; y++) {
      let at = map + row * (y * 2);
      for (let x = pool.outWidth; x > 0; x--) {
        const a = v128.load(at);
        const b = v128.load(at + 16);
        const c = v128.load(at + row);
        const d = v128.load(at + row + 16);
        let place = laterPlace(i32x4.splat(0), a, b, 1);
        let best = f32x4.pmax(a, b);
        place = laterPlace(place, best, c, 2);
        best = f32x4.pmax(best, c);
        place = laterPlace(place, best, d, 3);
        best = f32x4.pmax(best, d);
        finishPlace(pooled, places, best, place, foldRelu);
        at += 32;
        pooled += 16;
        places += 4;
      }
    }
    return;
  }
  for (let oy = 0; oy < pool.outHeight; oy++) {
    const y0 = oy * pool.strideHeight - pool.padTop;
    const top = tapBegin(y0, 1);
    const bottom = tapEnd(y0, 1, pool.kernelHeight, pool.height);
    for (let ox = 0; ox < pool.outWidth; ox++) {
      const x0 = ox * pool.strideWidth - pool.padLeft;
      const left = tapBegin(x0, 1);
      const right = tapEnd(x0, 1, pool.kernelWidth, pool.width);
      let line = map + row * (y0 + top) + ((<usize>(x0 + left)) << 4);
      let best = v128.load(line);
      let place = i32x4.splat(top * pool.kernelWidth + left);
      for (let ky = top; ky < bottom; ky++, line += row) {
        let at = line;
        let kx = left;
        const first = ky * pool.kernelWidth;
        for (; kx + 3 <= right; kx += 3, at += 48) {
          const a = v128.load(at);
          place = laterPlace(place, best, a, first + kx);
          best = f32x4.pmax(best, a);
          const b = v128.load(at + 16);
          place = laterPlace(place, best, b, first + kx + 1);
          best = f32x4.pmax(best, b);
          const c = v128.load(at + 32);
          place = laterPlace(place, best, c, first + kx + 2);
          best = f32x4.pmax(best, c);
        }
        for (; kx < right; kx++, at += 16) {
          const pixel = v128.load(at);
          place = laterPlace(place, best, pixel, first + kx);
          best = f32x4.pmax(best, pixel);
        }
      }
      finishPlace(pooled, places, best, place, foldRelu);
      pooled += 16;
      places += 4;
    }
  }
}

// @ts-ignore: decorator
@inline
export function finishPlace(
  pooled: usize,
  places: usize,
  best: v128,
  place: v128,
  foldRelu: bool,
): void {
  v128.store(pooled, best);
  if (foldRelu) {
    place = v128.bitselect(place, i32x4.splat(NOWHERE), f32x4.gt(best, f32x4.splat(0)));
  }
  storePlaces(places, place);
}

/** 2 × 2 windows side by side that cover the map but for an odd last row or column. */
function isHalving(pool: PoolWindow): bool {
  return (
    pool.kernelHeight == 2 &&
    pool.kernelWidth == 2 &&
    pool.strideHeight == 2 &&
    pool.strideWidth == 2 &&
    pool.padTop == 0 &&
    pool.padLeft == 0 &&
    pool.outHeight * 2 <= pool.height &&
    pool.outWidth * 2 <= pool.width
  );
}

/** The gradient of the map: each pooled one at the place of its maximum, zeros elsewhere. */
export function expandMap(pool: PoolWindow, gradient: usize, places: usize, map: usize): void {
  const row = (<usize>pool.width) << 4;
  const halving = isHalving(pool);
  if (!halving || pool.outHeight * 2 < pool.height || pool.outWidth * 2 < pool.width) {
    zeroVectors(map, pool.height * pool.width);
  }
  if (halving) {
    for (let y = 0; y < pool.outHeight; y++) {
      let at = map + row * (y * 2);
      for (let x = pool.outWidth; x > 0; x--) {
        const g = v128.load(gradient);
        const place = loadPlaces(places);
        v128.store(at, v128.and(g, i32x4.eq(place, i32x4.splat(0))));
        v128.store(at + 16, v128.and(g, i32x4.eq(place, i32x4.splat(1))));
        v128.store(at + row, v128.and(g, i32x4.eq(place, i32x4.splat(2))));
        v128.store(at + row + 16, v128.and(g, i32x4.eq(place, i32x4.splat(3))));
        at += 32;
        gradient += 16;
        places += 4;
      }
    }
    return;
  }
  for (let oy = 0; oy < pool.outHeight; oy++) {
    const y0 = oy * pool.strideHeight - pool.padTop;
    const top = tapBegin(y0, 1);
    const bottom = tapEnd(y0, 1, pool.kernelHeight, pool.height);
    for (let ox = 0; ox < pool.outWidth; ox++) {
      const x0 = ox * pool.strideWidth - pool.padLeft;
      const left = tapBegin(x0, 1);
      const right = tapEnd(x0, 1, pool.kernelWidth, pool.width);
      let line = map + row * (y0 + top) + ((<usize>(x0 + left)) << 4);
      const g = v128.load(gradient);
      const place = loadPlaces(places);
      for (let ky = top; ky < bottom; ky++, line += row) {
        let at = line;
        for (let kx = left; kx < right; kx++, at += 16) {
          const here = i32x4.eq(place, i32x4.splat(ky * pool.kernelWidth + kx));
          v128.store(at, f32x4.add(v128.load(at), v128.and(g, here)));
        }
      }
      gradient += 16;
      places += 4;
    }
  }
}
