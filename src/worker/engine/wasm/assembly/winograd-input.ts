/**
 * Winograd's transform of the input map and its adjoint, over the chunk at hand. The columns of a
 * band are transformed at once, since neighbouring tiles share them, then rows, tile by tile; in
 * the adjoint the other way round. Each pass runs over all samples of the chunk.
 *
 *        x →   0 . . . . . . . . 0      a band of F43 with pad 1: six rows, tiles of six columns
 *        y     0 [ tile 0  ]            that overlap by two
 *        ↓     0 . . . [ tile 1  ]
 */
import { INPUT, INPUT_GRADIENT, across } from './winograd-across';
import {
  FACTORS,
  WinogradTiling,
  bandLines,
  clearLines,
  formAt,
  rowOr,
  sampleLines,
  startAt,
} from './winograd-tiling';
import {
  F23,
  F25,
  F33,
  F35,
  F43,
  F45,
  F63,
  PAIR,
  inputGradients,
  inputPoints,
  inputsOf,
  pointsOf,
} from './winograd-transforms';

/**
 * V = Bᵀ·x·B for the chunk at hand and blocks [blockFrom, blockTo) of channels, from x
 * [batch][blocks][height][width][4].
 */
export function transformInput(
  t: WinogradTiling,
  x: usize,
  v: usize,
  blockFrom: i32,
  blockTo: i32,
): void {
  clearLines(t);
  for (let block = blockFrom; block < blockTo; block++) {
    for (let band = t.band; band < t.bandEnd; band++) {
      const form = formAt(t.tilesY, t.taps, band);
      const top = startAt(t.tilesY, t.taps, band) - t.pad;
      const map = x + ((<usize>((t.sample * t.blocks + block) * t.height * t.width)) << 4);
      down(form, t, map, top);
      toPoints(t, pointsOf(form), v + t.stride * block, band);
    }
  }
}

/** Bᵀ along the columns of a band whose first input row is `top`, to lines. */
function down(form: i32, t: WinogradTiling, map: usize, top: i32): void {
  if (form == F63) downForm(F63, t, map, top);
  else if (form == F43) downForm(F43, t, map, top);
  else if (form == F33) downForm(F33, t, map, top);
  else if (form == F23) downForm(F23, t, map, top);
  else if (form == PAIR) downForm(PAIR, t, map, top);
  else if (form == F45) downForm(F45, t, map, top);
  else if (form == F35) downForm(F35, t, map, top);
  else downForm(F25, t, map, top);
}

// @ts-ignore: decorator
@inline
function downForm(form: i32, t: WinogradTiling, map: usize, top: i32): void {
  const k = changetype<usize>(t) + FACTORS;
  const n = inputsOf(form);
  const rowBytes = (<usize>t.width) << 4;
  const sampleBytes = (<usize>(t.blocks * t.height)) * rowBytes;
  const line = (<usize>t.columns) << 4;
  const zeros = t.lines;
  let to = bandLines(t) + ((<usize>t.pad) << 4);
  for (let s = t.samples; s > 0; s--) {
    const r0 = rowOr(map, top, t.height, rowBytes, zeros);
    const r1 = rowOr(map, top + 1, t.height, rowBytes, zeros);
    const r2 = rowOr(map, top + 2, t.height, rowBytes, zeros);
    const r3 = rowOr(map, top + 3, t.height, rowBytes, zeros);
    const r4 = rowOr(map, top + 4, t.height, rowBytes, zeros);
    const r5 = rowOr(map, top + 5, t.height, rowBytes, zeros);
    const r6 = rowOr(map, top + 6, t.height, rowBytes, zeros);
    const r7 = rowOr(map, top + 7, t.height, rowBytes, zeros);
    let at: usize = 0;
    do {
      const x0 = v128.load(r0 + at);
      const x1 = v128.load(r1 + at);
      const x2 = n > 2 ? v128.load(r2 + at) : x0;
      const x3 = n > 3 ? v128.load(r3 + at) : x0;
      const x4 = n > 4 ? v128.load(r4 + at) : x0;
      const x5 = n > 5 ? v128.load(r5 + at) : x0;
      const x6 = n > 6 ? v128.load(r6 + at) : x0;
      const x7 = n > 7 ? v128.load(r7 + at) : x0;
      inputPoints(k, form, x0, x1, x2, x3, x4, x5, x6, x7, to + at, line);
      at += 16;
    } while (at < rowBytes);
    map += sampleBytes;
    to += sampleLines(t);
  }
}

/** Bᵀ along `lines` lines of each sample, tile by tile, to the planes from `planes`. */
function toPoints(t: WinogradTiling, lines: i32, planes: usize, band: i32): void {
  across(INPUT, t, lines, planes, t.inPlane, band);
}

/**
 * dx = B·dV·Bᵀ for the chunk at hand. Tiles overlap: a tile adds to its left neighbour's columns, a
 * band to the rows of the band above, which must have been done before.
 */
export function inputGradientsOf(t: WinogradTiling, v: usize, dx: usize): void {
  for (let block = 0; block < t.blocks; block++) {
    for (let band = t.band; band < t.bandEnd; band++) {
      const form = formAt(t.tilesY, t.taps, band);
      const top = startAt(t.tilesY, t.taps, band) - t.pad;
      const map = dx + ((<usize>((t.sample * t.blocks + block) * t.height * t.width)) << 4);
      fromPoints(t, pointsOf(form), v + t.stride * block, band);
      up(form, t, map, top, band > 0);
    }
  }
}

/** B along `lines` lines of each sample, tile by tile, from the planes at `planes`. */
function fromPoints(t: WinogradTiling, lines: i32, planes: usize, band: i32): void {
  across(INPUT_GRADIENT, t, lines, planes, t.inPlane, band);
}

/** B along the columns of a band whose first input row is `top`, from lines to the map. */
function up(form: i32, t: WinogradTiling, map: usize, top: i32, overlap: bool): void {
  if (form == F63) upForm(F63, t, map, top, overlap);
  else if (form == F43) upForm(F43, t, map, top, overlap);
  else if (form == F33) upForm(F33, t, map, top, overlap);
  else if (form == F23) upForm(F23, t, map, top, overlap);
  else if (form == PAIR) upForm(PAIR, t, map, top, overlap);
  else if (form == F45) upForm(F45, t, map, top, overlap);
  else if (form == F35) upForm(F35, t, map, top, overlap);
  else upForm(F25, t, map, top, overlap);
}

// @ts-ignore: decorator
@inline
function upForm(form: i32, t: WinogradTiling, map: usize, top: i32, overlap: bool): void {
  if (overlap) upRows(form, t, map, top, true);
  else upRows(form, t, map, top, false);
}

// @ts-ignore: decorator
@inline
function upRows(form: i32, t: WinogradTiling, map: usize, top: i32, overlap: bool): void {
  const k = changetype<usize>(t) + FACTORS;
  const n = pointsOf(form);
  const rowBytes = (<usize>t.width) << 4;
  const sampleBytes = (<usize>(t.blocks * t.height)) * rowBytes;
  const line = (<usize>t.columns) << 4;
  const dump = t.lines + line;
  let from = bandLines(t) + ((<usize>t.pad) << 4);
  for (let s = t.samples; s > 0; s--) {
    const r0 = rowOr(map, top, t.height, rowBytes, dump);
    const r1 = rowOr(map, top + 1, t.height, rowBytes, dump);
    const r2 = rowOr(map, top + 2, t.height, rowBytes, dump);
    const r3 = rowOr(map, top + 3, t.height, rowBytes, dump);
    const r4 = rowOr(map, top + 4, t.height, rowBytes, dump);
    const r5 = rowOr(map, top + 5, t.height, rowBytes, dump);
    const r6 = rowOr(map, top + 6, t.height, rowBytes, dump);
    const r7 = rowOr(map, top + 7, t.height, rowBytes, dump);
    let at: usize = 0;
    do {
      let p = from + at;
      const v0 = v128.load(p);
      p += line;
      const v1 = v128.load(p);
      p += line;
      const v2 = v128.load(p);
      if (n > 3) p += line;
      const v3 = n > 3 ? v128.load(p) : v0;
      if (n > 4) p += line;
      const v4 = n > 4 ? v128.load(p) : v0;
      if (n > 5) p += line;
      const v5 = n > 5 ? v128.load(p) : v0;
      if (n > 6) p += line;
      const v6 = n > 6 ? v128.load(p) : v0;
      if (n > 7) p += line;
      const v7 = n > 7 ? v128.load(p) : v0;
      inputGradients(
        k, form, v0, v1, v2, v3, v4, v5, v6, v7,
        r0 + at, r1 + at, r2 + at, r3 + at, r4 + at, r5 + at, r6 + at, r7 + at, overlap,
      );
      at += 16;
    } while (at < rowBytes);
    map += sampleBytes;
    from += sampleLines(t);
  }
}
