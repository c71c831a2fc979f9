/**
 * Winograd's transform to the output map and its adjoint, over the bands of a chunk: rows tile by
 * tile, then the columns of the whole band; in the adjoint the other way round.
 */
import { loadLanes, relu, storeLanes, whereOn } from './simd';
import { WinogradChunk, clearLines, rowOr } from './winograd-chunk';
import {
  F23,
  F43,
  PAIR,
  outputFromPoints,
  outputsOf,
  pointsOf,
  storeOutputGradients,
} from './winograd-points';

/** y = Aᵀ·M·A + bias for one form. */
// @ts-ignore: decorator
@inline
function outputBands(
  form: i32,
  chunk: WinogradChunk,
  products: usize,
  y: usize,
  bias: usize,
  activate: bool,
): void {
  const n = pointsOf(form);
  const m = outputsOf(form);
  const tilesY = chunk.tilesY;
  const tilesX = chunk.tilesX;
  const bands = chunk.bands;
  const stride = chunk.stride;
  const line = (<usize>chunk.columns) << 4;
  const plane = chunk.outPlane;
  const blocks = chunk.outBlocks;
  const height = chunk.outHeight;
  const width = chunk.outWidth;
  const rowBytes = (<usize>width) << 4;
  const area = <usize>height * rowBytes;
  const channels = chunk.outputs;
  const dump = chunk.lines + line;
  const temporary = dump + line;
  for (let block = 0; block < blocks; block++) {
    let point = products + <usize>block * stride;
    const start = bias
      ? loadLanes(bias + ((<usize>block) << 4), channels - block * 4)
      : f32x4.splat(0);
    for (let i = 0; i < bands; i++) {
      let to = temporary;
      for (let tile = 0; tile < tilesX; tile++) {
        let p = point;
        let t = to;
        for (let k = 0; k < n; k++) {
          const m0 = v128.load(p);
          const m1 = v128.load(p + plane);
          const m2 = v128.load(p + plane * 2);
          const m3 = form == PAIR ? m0 : v128.load(p + plane * 3);
          const m4 = form == F43 ? v128.load(p + plane * 4) : m0;
          const m5 = form == F43 ? v128.load(p + plane * 5) : m0;
          v128.store(t, outputFromPoints(form, 0, m0, m1, m2, m3, m4, m5));
          v128.store(t + 16, outputFromPoints(form, 1, m0, m1, m2, m3, m4, m5));
          if (form == F43) {
            v128.store(t + 32, outputFromPoints(form, 2, m0, m1, m2, m3, m4, m5));
            v128.store(t + 48, outputFromPoints(form, 3, m0, m1, m2, m3, m4, m5));
          }
          p += plane * n;
          t += line;
        }
        to += (<usize>m) << 4;
        point += 16;
      }
      const sample = (chunk.band + i) / tilesY;
      const top = (chunk.band + i - sample * tilesY) * m;
      const map = y + <usize>(sample * blocks + block) * area;
      let r0 = rowOr(map, top, height, rowBytes, dump);
      let r1 = rowOr(map, top + 1, height, rowBytes, dump);
      let r2 = rowOr(map, top + 2, height, rowBytes, dump);
      let r3 = rowOr(map, top + 3, height, rowBytes, dump);
      let from = temporary;
      const end = from + rowBytes;
      do {
        const m0 = v128.load(from);
        const m1 = v128.load(from + line);
        const m2 = v128.load(from + line * 2);
        const m3 = form == PAIR ? m0 : v128.load(from + line * 3);
        const m4 = form == F43 ? v128.load(from + line * 4) : m0;
        const m5 = form == F43 ? v128.load(from + line * 5) : m0;
        let y0 = f32x4.add(start, outputFromPoints(form, 0, m0, m1, m2, m3, m4, m5));
        let y1 = f32x4.add(start, outputFromPoints(form, 1, m0, m1, m2, m3, m4, m5));
        v128.store(r0, activate ? relu(y0) : y0);
        v128.store(r1, activate ? relu(y1) : y1);
        if (form == F43) {
          y0 = f32x4.add(start, outputFromPoints(form, 2, m0, m1, m2, m3, m4, m5));
          y1 = f32x4.add(start, outputFromPoints(form, 3, m0, m1, m2, m3, m4, m5));
          v128.store(r2, activate ? relu(y0) : y0);
          v128.store(r3, activate ? relu(y1) : y1);
        }
        r0 += 16;
        r1 += 16;
        r2 += 16;
        r3 += 16;
        from += 16;
      } while (from < end);
    }
  }
}

/** y = Aᵀ·M·A + bias, then ReLU if wanted, for the bands of the chunk. */
export function transformOutput(
  chunk: WinogradChunk,
  products: usize,
  y: usize,
  bias: usize,
  activate: bool,
): void {
  const form = chunk.form;
  if (form == F43) outputBands(F43, chunk, products, y, bias, activate);
  else if (form == F23) outputBands(F23, chunk, products, y, bias, activate);
  else outputBands(PAIR, chunk, products, y, bias, activate);
}

/** dM = A·dy·Aᵀ for one form. */
// @ts-ignore: decorator
@inline
function outputGradientBands(
  form: i32,
  chunk: WinogradChunk,
  dy: usize,
  y: usize,
  mask: bool,
  products: usize,
  biasGradient: usize,
): void {
  const n = pointsOf(form);
  const m = outputsOf(form);
  const tilesY = chunk.tilesY;
  const tilesX = chunk.tilesX;
  const bands = chunk.bands;
  const stride = chunk.stride;
  const line = (<usize>chunk.columns) << 4;
  const plane = chunk.outPlane;
  const blocks = chunk.outBlocks;
  const height = chunk.outHeight;
  const width = chunk.outWidth;
  const rowBytes = (<usize>width) << 4;
  const area = <usize>height * rowBytes;
  const channels = chunk.outputs;
  const lines = chunk.lines;
  const temporary = lines + line * 2;
  const toOutput = y - dy;
  const first = chunk.band == 0;
  clearLines(chunk);
  for (let block = 0; block < blocks; block++) {
    let to = products + <usize>block * stride;
    let total = f32x4.splat(0);
    for (let i = 0; i < bands; i++) {
      const sample = (chunk.band + i) / tilesY;
      const top = (chunk.band + i - sample * tilesY) * m;
      const map = dy + <usize>(sample * blocks + block) * area;
      let r0 = rowOr(map, top, height, rowBytes, lines);
      let r1 = rowOr(map, top + 1, height, rowBytes, lines);
      let r2 = rowOr(map, top + 2, height, rowBytes, lines);
      let r3 = rowOr(map, top + 3, height, rowBytes, lines);
      // Rows of y beside them; a row of zeros masks itself.
      let o1 = r1 == lines ? lines : r1 + toOutput;
      let o2 = r2 == lines ? lines : r2 + toOutput;
      let o3 = r3 == lines ? lines : r3 + toOutput;
      let at = temporary;
      const end = at + rowBytes;
      let sum = f32x4.splat(0);
      do {
        let g0 = v128.load(r0);
        let g1 = v128.load(r1);
        let g2 = form == F43 ? v128.load(r2) : g0;
        let g3 = form == F43 ? v128.load(r3) : g0;
        if (mask) {
          g0 = whereOn(v128.load(r0 + toOutput), g0);
          g1 = whereOn(v128.load(o1), g1);
          if (form == F43) {
            g2 = whereOn(v128.load(o2), g2);
            g3 = whereOn(v128.load(o3), g3);
          }
          o1 += 16;
          o2 += 16;
          o3 += 16;
        }
        let part = f32x4.add(g0, g1);
        if (form == F43) part = f32x4.add(part, f32x4.add(g2, g3));
        sum = f32x4.add(sum, part);
        storeOutputGradients(form, g0, g1, g2, g3, at, line);
        r0 += 16;
        r1 += 16;
        r2 += 16;
        r3 += 16;
        at += 16;
      } while (at < end);
      total = f32x4.add(total, sum);
      let from = temporary;
      for (let tile = 0; tile < tilesX; tile++) {
        let p = from;
        let point = to;
        for (let k = 0; k < n; k++) {
          const g0 = v128.load(p);
          const g1 = v128.load(p + 16);
          const g2 = form == F43 ? v128.load(p + 32) : g0;
          const g3 = form == F43 ? v128.load(p + 48) : g0;
          storeOutputGradients(form, g0, g1, g2, g3, point, plane);
          p += line;
          point += plane * n;
        }
        from += (<usize>m) << 4;
        to += 16;
      }
    }
    if (biasGradient) {
      const lanes = channels - block * 4;
      const at = biasGradient + ((<usize>block) << 4);
      storeLanes(at, first ? total : f32x4.add(loadLanes(at, lanes), total), lanes);
    }
  }
}

/**
 * dM = A·dy·Aᵀ for the bands of the chunk, where dy counts as zero if `mask` is on and y is not
 * > 0. Stores (first chunk) or adds the sums of dy to the bias gradient, if there is one.
 */
export function outputGradients(
  chunk: WinogradChunk,
  dy: usize,
  y: usize,
  mask: bool,
  products: usize,
  biasGradient: usize,
): void {
  const form = chunk.form;
  if (form == F43) outputGradientBands(F43, chunk, dy, y, mask, products, biasGradient);
  else if (form == F23) outputGradientBands(F23, chunk, dy, y, mask, products, biasGradient);
  else outputGradientBands(PAIR, chunk, dy, y, mask, products, biasGradient);
}
