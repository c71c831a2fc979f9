import { zeroVectors } from './lanes';
import { tapBegin, tapEnd } from './window';

/**
 * Max and average pooling of any window over [batch·channels/4][height][width][4]; `planes` is
 * batch · ⌈channels/4⌉. Padding takes no part: it is never the maximum, and a mean is over the
 * pixels that exist.
 *
 * Of equal maxima the first in row-major order is the one; backward finds it again from x.
 */

/** Greatest of rows × columns vectors; the first of equals. */
// @ts-ignore: decorator
@inline
function windowMax(at: usize, rows: i32, columns: i32, rowStep: usize, step: usize): v128 {
  let best = v128.load(at);
  if (rows == 2 && columns == 2) {
    best = f32x4.pmax(best, v128.load(at + step));
    best = f32x4.pmax(best, v128.load(at + rowStep));
    return f32x4.pmax(best, v128.load(at + rowStep + step));
  }
  for (let r = 0; r < rows; r++, at += rowStep) {
    let from = at;
    for (let c = 0; c < columns; c++, from += step) best = f32x4.pmax(best, v128.load(from));
  }
  return best;
}

export function maxPool(
  y: usize,
  x: usize,
  batch: i32,
  blocks: i32,
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
  const row = <usize>width << 4;
  const rowStep = row * dilationHeight;
  const step = <usize>dilationWidth << 4;
  for (let plane = batch * blocks; plane > 0; plane--, x += row * height) {
    for (let oy = 0; oy < outHeight; oy++) {
      const y0 = oy * strideHeight - padTop;
      const top = tapBegin(y0, dilationHeight);
      const rows = tapEnd(y0, dilationHeight, kernelHeight, height) - top;
      const line = x + row * (y0 + top * dilationHeight);
      for (let ox = 0; ox < outWidth; ox++, y += 16) {
        const x0 = ox * strideWidth - padLeft;
        const left = tapBegin(x0, dilationWidth);
        const columns = tapEnd(x0, dilationWidth, kernelWidth, width) - left;
        const at = line + (<usize>(x0 + left * dilationWidth) << 4);
        v128.store(y, windowMax(at, rows, columns, rowStep, step));
      }
    }
  }
}

/** foldRelu: x is a ReLU's output, and maxima that are not above 0 get no gradient. */
export function maxPoolBackward(
  dx: usize,
  dy: usize,
  x: usize,
  batch: i32,
  blocks: i32,
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
  foldRelu: i32,
): void {
  const row = <usize>width << 4;
  const rowStep = row * dilationHeight;
  const step = <usize>dilationWidth << 4;
  // Below every float: the mask keeps all.
  const floor = f32x4.splat(foldRelu ? 0 : <f32>-Infinity);
  for (let plane = batch * blocks; plane > 0; plane--, x += row * height, dx += row * height) {
    zeroVectors(dx, height * width);
    const toGradient = dx - x;
    for (let oy = 0; oy < outHeight; oy++) {
      const y0 = oy * strideHeight - padTop;
      const top = tapBegin(y0, dilationHeight);
      const rows = tapEnd(y0, dilationHeight, kernelHeight, height) - top;
      const line = x + row * (y0 + top * dilationHeight);
      for (let ox = 0; ox < outWidth; ox++, dy += 16) {
        const x0 = ox * strideWidth - padLeft;
        const left = tapBegin(x0, dilationWidth);
        const columns = tapEnd(x0, dilationWidth, kernelWidth, width) - left;
        const at = line + (<usize>(x0 + left * dilationWidth) << 4);
        const best = windowMax(at, rows, columns, rowStep, step);
        // What is left of the gradient for pixels further on.
        let rest = v128.and(v128.load(dy), f32x4.gt(best, floor));
        let from = at;
        for (let r = 0; r < rows; r++, from += rowStep) {
          let pixel = from;
          for (let c = 0; c < columns; c++, pixel += step) {
            const hit = f32x4.eq(v128.load(pixel), best);
            const to = pixel + toGradient;
            v128.store(to, f32x4.add(v128.load(to), v128.and(rest, hit)));
            rest = v128.andnot(rest, hit);
          }
        }
      }
    }
  }
}

export function averagePool(
  y: usize,
  x: usize,
  batch: i32,
  blocks: i32,
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
  const row = <usize>width << 4;
  const rowStep = row * dilationHeight;
  const step = <usize>dilationWidth << 4;
  for (let plane = batch * blocks; plane > 0; plane--, x += row * height) {
    for (let oy = 0; oy < outHeight; oy++) {
      const y0 = oy * strideHeight - padTop;
      const top = tapBegin(y0, dilationHeight);
      const rows = tapEnd(y0, dilationHeight, kernelHeight, height) - top;
      const line = x + row * (y0 + top * dilationHeight);
      for (let ox = 0; ox < outWidth; ox++, y += 16) {
        const x0 = ox * strideWidth - padLeft;
        const left = tapBegin(x0, dilationWidth);
        const columns = tapEnd(x0, dilationWidth, kernelWidth, width) - left;
        let from = line + (<usize>(x0 + left * dilationWidth) << 4);
        let sum = f32x4.splat(0);
        for (let r = 0; r < rows; r++, from += rowStep) {
          let pixel = from;
          for (let c = 0; c < columns; c++, pixel += step) sum = f32x4.add(sum, v128.load(pixel));
        }
        v128.store(y, f32x4.div(sum, f32x4.splat(<f32>(rows * columns))));
      }
    }
  }
}

export function averagePoolBackward(
  dx: usize,
  dy: usize,
  batch: i32,
  blocks: i32,
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
  const row = <usize>width << 4;
  const rowStep = row * dilationHeight;
  const step = <usize>dilationWidth << 4;
  for (let plane = batch * blocks; plane > 0; plane--, dx += row * height) {
    zeroVectors(dx, height * width);
    for (let oy = 0; oy < outHeight; oy++) {
      const y0 = oy * strideHeight - padTop;
      const top = tapBegin(y0, dilationHeight);
      const rows = tapEnd(y0, dilationHeight, kernelHeight, height) - top;
      const line = dx + row * (y0 + top * dilationHeight);
      for (let ox = 0; ox < outWidth; ox++, dy += 16) {
        const x0 = ox * strideWidth - padLeft;
        const left = tapBegin(x0, dilationWidth);
        const columns = tapEnd(x0, dilationWidth, kernelWidth, width) - left;
        const share = f32x4.div(v128.load(dy), f32x4.splat(<f32>(rows * columns)));
        let to = line + (<usize>(x0 + left * dilationWidth) << 4);
        for (let r = 0; r < rows; r++, to += rowStep) {
          let pixel = to;
          for (let c = 0; c < columns; c++, pixel += step) {
            v128.store(pixel, f32x4.add(v128.load(pixel), share));
          }
        }
      }
    }
  }
}

/** Over all pixels of a map; [batch·channels/4][4] out of [batch·channels/4][pixels][4]. */
export function globalMaxPool(y: usize, x: usize, batch: i32, blocks: i32, pixels: i32): void {
  for (let plane = batch * blocks; plane > 0; plane--, y += 16, x += <usize>pixels << 4) {
    v128.store(y, windowMax(x, 1, pixels, 0, 16));
  }
}

export function globalMaxPoolBackward(
  dx: usize,
  dy: usize,
  x: usize,
  batch: i32,
  blocks: i32,
  pixels: i32,
): void {
  for (let plane = batch * blocks; plane > 0; plane--, dy += 16) {
    const best = windowMax(x, 1, pixels, 0, 16);
    let rest = v128.load(dy);
    for (let p = 0; p < pixels; p++, x += 16, dx += 16) {
      const hit = f32x4.eq(v128.load(x), best);
      v128.store(dx, v128.and(rest, hit));
      rest = v128.andnot(rest, hit);
    }
  }
}

/** Sums of 64 pixels, then the sum of these: no map is large enough to lose more than 2e-6. */
export function globalAveragePool(y: usize, x: usize, batch: i32, blocks: i32, pixels: i32): void {
  const n = f32x4.splat(<f32>pixels);
  for (let plane = batch * blocks; plane > 0; plane--, y += 16) {
    let total = f32x4.splat(0);
    for (let p = 0; p < pixels; p += 64) {
      let sum = f32x4.splat(0);
      for (let i = min(pixels - p, 64); i > 0; i--, x += 16) sum = f32x4.add(sum, v128.load(x));
      total = f32x4.add(total, sum);
    }
    v128.store(y, f32x4.div(total, n));
  }
}

export function globalAveragePoolBackward(
  dx: usize,
  dy: usize,
  batch: i32,
  blocks: i32,
  pixels: i32,
): void {
  const n = f32x4.splat(<f32>pixels);
  for (let plane = batch * blocks; plane > 0; plane--, dy += 16) {
    const share = f32x4.div(v128.load(dy), n);
    for (let p = 0; p < pixels; p++, dx += 16) v128.store(dx, share);
  }
}
