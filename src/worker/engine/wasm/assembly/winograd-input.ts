/**
 * Winograd's transform of the input map and its adjoint, over the bands of a chunk. The columns of
 * a band are transformed at once, since neighbouring tiles share them, then rows, tile by tile; in
 * the adjoint the other way round.
 *
 *        x →   0 . . . . . . . . 0      a band of F43 with pad 1: six rows, tiles of six columns
 *        y     0 [ tile 0  ]            that overlap by two
 *        ↓     0 . . . [ tile 1  ]
 */
import { WinogradChunk, clearLines, rowOr } from './winograd-chunk';
import {
  F23,
  F43,
  PAIR,
  outputsOf,
  pointsOf,
  storeInputGradients,
  storeInputPoints,
} from './winograd-points';

/** V = Bᵀ·x·B for one form. */
// @ts-ignore: decorator
@inline
function inputBands(form: i32, chunk: WinogradChunk, x: usize, v: usize): void {
  const n = pointsOf(form);
  const m = outputsOf(form);
  const tilesY = chunk.tilesY;
  const tilesX = chunk.tilesX;
  const bands = chunk.bands;
  const stride = chunk.stride;
  const line = (<usize>chunk.columns) << 4;
  const plane = chunk.inPlane;
  const blocks = chunk.blocks;
  const pad = chunk.pad;
  const height = chunk.height;
  const width = chunk.width;
  const rowBytes = (<usize>width) << 4;
  const area = <usize>height * rowBytes;
  const lines = chunk.lines;
  const temporary = lines + line * 2;
  clearLines(chunk);
  for (let block = 0; block < blocks; block++) {
    let to = v + <usize>block * stride;
    for (let i = 0; i < bands; i++) {
      const sample = (chunk.band + i) / tilesY;
      const top = (chunk.band + i - sample * tilesY) * m - pad;
      const map = x + <usize>(sample * blocks + block) * area;
      let r0 = rowOr(map, top, height, rowBytes, lines);
      let r1 = rowOr(map, top + 1, height, rowBytes, lines);
      let r2 = rowOr(map, top + 2, height, rowBytes, lines);
      let r3 = rowOr(map, top + 3, height, rowBytes, lines);
      let r4 = rowOr(map, top + 4, height, rowBytes, lines);
      let r5 = rowOr(map, top + 5, height, rowBytes, lines);
      let at = temporary + ((<usize>pad) << 4);
      const end = at + rowBytes;
      do {
        const x0 = v128.load(r0);
        const x1 = v128.load(r1);
        const x2 = form == PAIR ? x0 : v128.load(r2);
        const x3 = form == PAIR ? x0 : v128.load(r3);
        const x4 = form == F43 ? v128.load(r4) : x0;
        const x5 = form == F43 ? v128.load(r5) : x0;
        storeInputPoints(form, x0, x1, x2, x3, x4, x5, at, line);
        r0 += 16;
        r1 += 16;
        r2 += 16;
        r3 += 16;
        r4 += 16;
        r5 += 16;
        at += 16;
      } while (at < end);
      let from = temporary;
      for (let tile = 0; tile < tilesX; tile++) {
        let p = from;
        let point = to;
        for (let k = 0; k < n; k++) {
          const x0 = v128.load(p);
          const x1 = v128.load(p + 16);
          const x2 = form == PAIR ? x0 : v128.load(p + 32);
          const x3 = form == PAIR ? x0 : v128.load(p + 48);
          const x4 = form == F43 ? v128.load(p + 64) : x0;
          const x5 = form == F43 ? v128.load(p + 80) : x0;
          storeInputPoints(form, x0, x1, x2, x3, x4, x5, point, plane);
          p += line;
          point += plane * n;
        }
        from += (<usize>m) << 4;
        to += 16;
      }
    }
  }
}

/** V = Bᵀ·x·B for the bands of the chunk. */
export function transformInput(chunk: WinogradChunk, x: usize, v: usize): void {
  const form = chunk.form;
  if (form == F43) inputBands(F43, chunk, x, v);
  else if (form == F23) inputBands(F23, chunk, x, v);
  else inputBands(PAIR, chunk, x, v);
}

/** dx = B·dV·Bᵀ for one form. */
// @ts-ignore: decorator
@inline
function inputGradientBands(form: i32, chunk: WinogradChunk, v: usize, dx: usize): void {
  const n = pointsOf(form);
  const m = outputsOf(form);
  const tilesY = chunk.tilesY;
  const tilesX = chunk.tilesX;
  const bands = chunk.bands;
  const stride = chunk.stride;
  const line = (<usize>chunk.columns) << 4;
  const plane = chunk.inPlane;
  const blocks = chunk.blocks;
  const pad = chunk.pad;
  const height = chunk.height;
  const width = chunk.width;
  const rowBytes = (<usize>width) << 4;
  const area = <usize>height * rowBytes;
  const dump = chunk.lines + line;
  const temporary = dump + line;
  for (let block = 0; block < blocks; block++) {
    let point = v + <usize>block * stride;
    for (let i = 0; i < bands; i++) {
      let to = temporary;
      for (let tile = 0; tile < tilesX; tile++) {
        let p = point;
        let t = to;
        for (let k = 0; k < n; k++) {
          const v0 = v128.load(p);
          const v1 = v128.load(p + plane);
          const v2 = v128.load(p + plane * 2);
          const v3 = form == PAIR ? v0 : v128.load(p + plane * 3);
          const v4 = form == F43 ? v128.load(p + plane * 4) : v0;
          const v5 = form == F43 ? v128.load(p + plane * 5) : v0;
          if (tile == 0) {
            storeInputGradients(
              form,
              v0,
              v1,
              v2,
              v3,
              v4,
              v5,
              t,
              t + 16,
              t + 32,
              t + 48,
              t + 64,
              t + 80,
              false,
            );
          } else {
            storeInputGradients(
              form,
              v0,
              v1,
              v2,
              v3,
              v4,
              v5,
              t,
              t + 16,
              t + 32,
              t + 48,
              t + 64,
              t + 80,
              true,
            );
          }
          p += plane * n;
          t += line;
        }
        to += (<usize>m) << 4;
        point += 16;
      }
      const sample = (chunk.band + i) / tilesY;
      const ty = chunk.band + i - sample * tilesY;
      const top = ty * m - pad;
      const map = dx + <usize>(sample * blocks + block) * area;
      let r0 = rowOr(map, top, height, rowBytes, dump);
      let r1 = rowOr(map, top + 1, height, rowBytes, dump);
      let r2 = rowOr(map, top + 2, height, rowBytes, dump);
      let r3 = rowOr(map, top + 3, height, rowBytes, dump);
      let r4 = rowOr(map, top + 4, height, rowBytes, dump);
      let r5 = rowOr(map, top + 5, height, rowBytes, dump);
      let from = temporary + ((<usize>pad) << 4);
      const end = from + rowBytes;
      do {
        const v0 = v128.load(from);
        const v1 = v128.load(from + line);
        const v2 = v128.load(from + line * 2);
        const v3 = form == PAIR ? v0 : v128.load(from + line * 3);
        const v4 = form == F43 ? v128.load(from + line * 4) : v0;
        const v5 = form == F43 ? v128.load(from + line * 5) : v0;
        if (ty == 0) {
          storeInputGradients(form, v0, v1, v2, v3, v4, v5, r0, r1, r2, r3, r4, r5, false);
        } else {
          storeInputGradients(form, v0, v1, v2, v3, v4, v5, r0, r1, r2, r3, r4, r5, true);
        }
        r0 += 16;
        r1 += 16;
        r2 += 16;
        r3 += 16;
        r4 += 16;
        r5 += 16;
        from += 16;
      } while (from < end);
    }
  }
}

/**
 * dx = B·dV·Bᵀ for the bands of the chunk. Tiles overlap: a tile adds to its left neighbour's
 * columns, a band to the rows of the band above, which must have been done before.
 */
export function inputGradients(chunk: WinogradChunk, v: usize, dx: usize): void {
  const form = chunk.form;
  if (form == F43) inputGradientBands(F43, chunk, v, dx);
  else if (form == F23) inputGradientBands(F23, chunk, v, dx);
  else inputGradientBands(PAIR, chunk, v, dx);
}
