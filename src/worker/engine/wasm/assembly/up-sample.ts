import { zeroVectors } from './lanes';

/**
 * Maps enlarged by whole factors: the value at pixel p of an axis is read at p / factor, between two
 * pixels of the smaller map along a line where `bilinear` is on, else from the one before. Behind the
 * last pixel the last one is repeated. So do TensorFlow's resizing operations without half pixels.
 */

/** a + (b − a)·t. */
// @ts-ignore: decorator
@inline
function between(a: v128, b: v128, t: v128): v128 {
  return f32x4.add(a, f32x4.mul(f32x4.sub(b, a), t));
}

/** How far pixel `p` of the larger map is behind the pixel that it is read from, in [0, 1). */
// @ts-ignore: decorator
@inline
function fractionOf(p: i32, factor: i32, bilinear: i32): v128 {
  return f32x4.splat(bilinear ? <f32>(p % factor) / <f32>factor : 0);
}

/** to [batch][blocks][height·factorY][width·factorX][4], from [batch][blocks][height][width][4]. */
export function upSample(
  to: usize,
  from: usize,
  batch: i32,
  blocks: i32,
  height: i32,
  width: i32,
  factorY: i32,
  factorX: i32,
  bilinear: i32,
): void {
  const row = <usize>width << 4;
  for (let plane = batch * blocks; plane > 0; plane--, from += row * height) {
    for (let y = 0; y < height * factorY; y++) {
      const y0 = y / factorY;
      const top = from + row * y0;
      const below = y0 + 1 < height ? top + row : top;
      const down = fractionOf(y, factorY, bilinear);
      for (let x = 0; x < width * factorX; x++, to += 16) {
        const x0 = x / factorX;
        const left = <usize>x0 << 4;
        const right = x0 + 1 < width ? left + 16 : left;
        const along = fractionOf(x, factorX, bilinear);
        const upper = between(v128.load(top + left), v128.load(top + right), along);
        const lower = between(v128.load(below + left), v128.load(below + right), along);
        v128.store(to, between(upper, lower, down));
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function addTo(at: usize, value: v128): void {
  v128.store(at, f32x4.add(v128.load(at), value));
}

/** ∂x of upSample: what each pixel was read for, in the order of the larger map. */
export function upSampleBackward(
  dx: usize,
  dy: usize,
  batch: i32,
  blocks: i32,
  height: i32,
  width: i32,
  factorY: i32,
  factorX: i32,
  bilinear: i32,
): void {
  const row = <usize>width << 4;
  const one = f32x4.splat(1);
  zeroVectors(dx, batch * blocks * height * width);
  for (let plane = batch * blocks; plane > 0; plane--, dx += row * height) {
    for (let y = 0; y < height * factorY; y++) {
      const y0 = y / factorY;
      const top = dx + row * y0;
      const below = y0 + 1 < height ? top + row : top;
      const down = fractionOf(y, factorY, bilinear);
      for (let x = 0; x < width * factorX; x++, dy += 16) {
        const x0 = x / factorX;
        const left = <usize>x0 << 4;
        const right = x0 + 1 < width ? left + 16 : left;
        const along = fractionOf(x, factorX, bilinear);
        const g = v128.load(dy);
        const lower = f32x4.mul(g, down);
        const upper = f32x4.mul(g, f32x4.sub(one, down));
        addTo(top + left, f32x4.mul(upper, f32x4.sub(one, along)));
        addTo(top + right, f32x4.mul(upper, along));
        addTo(below + left, f32x4.mul(lower, f32x4.sub(one, along)));
        addTo(below + right, f32x4.mul(lower, along));
      }
    }
  }
}
