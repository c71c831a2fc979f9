/**
 * Winograd's transform of the input map and its adjoint, over the chunk at hand. The columns of a
 * band are transformed at once, since neighbouring tiles share them, then rows, tile by tile; in
 * the adjoint the other way round.
 *
 *        x →   0 . . . . . . . . 0      a band of F43 with pad 1: six rows, tiles of six columns
 *        y     0 [ tile 0  ]            that overlap by two
 *        ↓     0 . . . [ tile 1  ]
 */
import {
  FACTORS,
  SIZES,
  WinogradTiling,
  bandsWith,
  clearLines,
  countOf,
  formAt,
  formOf,
  placeOf,
  rowOr,
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
  outputsOf,
  pointsOf,
  inputsOf,
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
  const area = (<usize>(t.height * t.width)) << 4;
  clearLines(t);
  for (let block = blockFrom; block < blockTo; block++) {
    const to = v + t.stride * block;
    for (let s = 0; s < t.samples; s++) {
      const map = x + area * ((t.sample + s) * t.blocks + block);
      for (let band = t.band; band < t.bandEnd; band++) {
        const form = formAt(t.tilesY, t.taps, band);
        down(form, t, map, startAt(t.tilesY, t.taps, band) - t.pad);
        across(t, pointsOf(form), to, s, band);
      }
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
  const line = (<usize>t.columns) << 4;
  const zeros = t.lines;
  const r0 = rowOr(map, top, t.height, rowBytes, zeros);
  const r1 = rowOr(map, top + 1, t.height, rowBytes, zeros);
  const r2 = rowOr(map, top + 2, t.height, rowBytes, zeros);
  const r3 = rowOr(map, top + 3, t.height, rowBytes, zeros);
  const r4 = rowOr(map, top + 4, t.height, rowBytes, zeros);
  const r5 = rowOr(map, top + 5, t.height, rowBytes, zeros);
  const r6 = rowOr(map, top + 6, t.height, rowBytes, zeros);
  const r7 = rowOr(map, top + 7, t.height, rowBytes, zeros);
  const to = zeros + line * 2 + ((<usize>t.pad) << 4);
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
}

/** Bᵀ along `lines` lines, tile by tile, to the planes from `to`. */
function across(t: WinogradTiling, lines: i32, to: usize, s: i32, band: i32): void {
  const from = t.lines + ((<usize>t.columns) << 5);
  if (t.tilesX == 0) {
    acrossForm(PAIR, t, lines, from, 0, 1, to, s, band);
    return;
  }
  let first = 0;
  let column: usize = from;
  for (let k = 0; k < SIZES; k++) {
    const tiles = countOf(t.tilesX, k);
    if (tiles == 0) continue;
    const form = formOf(t.taps, k);
    if (form == F63) acrossForm(F63, t, lines, column, first, tiles, to, s, band);
    else if (form == F43) acrossForm(F43, t, lines, column, first, tiles, to, s, band);
    else if (form == F33) acrossForm(F33, t, lines, column, first, tiles, to, s, band);
    else if (form == F23) acrossForm(F23, t, lines, column, first, tiles, to, s, band);
    else if (form == F45) acrossForm(F45, t, lines, column, first, tiles, to, s, band);
    else if (form == F35) acrossForm(F35, t, lines, column, first, tiles, to, s, band);
    else acrossForm(F25, t, lines, column, first, tiles, to, s, band);
    first += tiles;
    column += (<usize>(tiles * outputsOf(form))) << 4;
  }
}

// @ts-ignore: decorator
@inline
function acrossForm(
  form: i32,
  t: WinogradTiling,
  lines: i32,
  from: usize,
  first: i32,
  tiles: i32,
  to: usize,
  s: i32,
  band: i32,
): void {
  const k = changetype<usize>(t) + FACTORS;
  const n = inputsOf(form);
  const line = (<usize>t.columns) << 4;
  const plane = t.inPlane;
  const planesDown = plane * t.pointsX;
  for (let i = 0; i < lines; i++) {
    const step = (<usize>bandsWith(t, i)) << 4;
    let point = to + step * first + ((<usize>placeOf(t, i, s, band)) << 4);
    let p = from;
    for (let tile = tiles; tile > 0; tile--) {
      const x0 = v128.load(p);
      const x1 = v128.load(p + 16);
      const x2 = n > 2 ? v128.load(p + 32) : x0;
      const x3 = n > 3 ? v128.load(p + 48) : x0;
      const x4 = n > 4 ? v128.load(p + 64) : x0;
      const x5 = n > 5 ? v128.load(p + 80) : x0;
      const x6 = n > 6 ? v128.load(p + 96) : x0;
      const x7 = n > 7 ? v128.load(p + 112) : x0;
      inputPoints(k, form, x0, x1, x2, x3, x4, x5, x6, x7, point, plane);
      p += (<usize>outputsOf(form)) << 4;
      point += step;
    }
    from += line;
    to += planesDown;
  }
}

/**
 * dx = B·dV·Bᵀ for the chunk at hand. Tiles overlap: a tile adds to its left neighbour's columns, a
 * band to the rows of the band above, which must have been done before.
 */
export function inputGradientsOf(t: WinogradTiling, v: usize, dx: usize): void {
  const area = (<usize>(t.height * t.width)) << 4;
  for (let block = 0; block < t.blocks; block++) {
    const from = v + t.stride * block;
    for (let s = 0; s < t.samples; s++) {
      const map = dx + area * ((t.sample + s) * t.blocks + block);
      for (let band = t.band; band < t.bandEnd; band++) {
        const form = formAt(t.tilesY, t.taps, band);
        gather(t, pointsOf(form), from, s, band);
        up(form, t, map, startAt(t.tilesY, t.taps, band) - t.pad, band > 0);
      }
    }
  }
}

/** B along `lines` lines, tile by tile, from the planes at `from` to lines. */
function gather(t: WinogradTiling, lines: i32, from: usize, s: i32, band: i32): void {
  const to = t.lines + ((<usize>t.columns) << 5);
  if (t.tilesX == 0) {
    gatherForm(PAIR, t, lines, to, 0, 1, from, s, band);
    return;
  }
  let first = 0;
  let column: usize = to;
  for (let k = 0; k < SIZES; k++) {
    const tiles = countOf(t.tilesX, k);
    if (tiles == 0) continue;
    const form = formOf(t.taps, k);
    if (form == F63) gatherForm(F63, t, lines, column, first, tiles, from, s, band);
    else if (form == F43) gatherForm(F43, t, lines, column, first, tiles, from, s, band);
    else if (form == F33) gatherForm(F33, t, lines, column, first, tiles, from, s, band);
    else if (form == F23) gatherForm(F23, t, lines, column, first, tiles, from, s, band);
    else if (form == F45) gatherForm(F45, t, lines, column, first, tiles, from, s, band);
    else if (form == F35) gatherForm(F35, t, lines, column, first, tiles, from, s, band);
    else gatherForm(F25, t, lines, column, first, tiles, from, s, band);
    first += tiles;
    column += (<usize>(tiles * outputsOf(form))) << 4;
  }
}

// @ts-ignore: decorator
@inline
function gatherForm(
  form: i32,
  t: WinogradTiling,
  lines: i32,
  to: usize,
  first: i32,
  tiles: i32,
  from: usize,
  s: i32,
  band: i32,
): void {
  const k = changetype<usize>(t) + FACTORS;
  const n = pointsOf(form);
  const line = (<usize>t.columns) << 4;
  const plane = t.inPlane;
  const planesDown = plane * t.pointsX;
  for (let i = 0; i < lines; i++) {
    const step = (<usize>bandsWith(t, i)) << 4;
    let point = from + step * first + ((<usize>placeOf(t, i, s, band)) << 4);
    let p = to;
    let left = tiles;
    if (first == 0) {
      gatherTile(k, form, n, point, plane, p, false);
      p += (<usize>outputsOf(form)) << 4;
      point += step;
      left--;
    }
    for (; left > 0; left--) {
      gatherTile(k, form, n, point, plane, p, true);
      p += (<usize>outputsOf(form)) << 4;
      point += step;
    }
    to += line;
    from += planesDown;
  }
}

// @ts-ignore: decorator
@inline
function gatherTile(k: usize, form: i32, n: i32, p: usize, plane: usize, to: usize, overlap: bool): void {
  const v0 = v128.load(p);
  p += plane;
  const v1 = v128.load(p);
  p += plane;
  const v2 = v128.load(p);
  if (n > 3) p += plane;
  const v3 = n > 3 ? v128.load(p) : v0;
  if (n > 4) p += plane;
  const v4 = n > 4 ? v128.load(p) : v0;
  if (n > 5) p += plane;
  const v5 = n > 5 ? v128.load(p) : v0;
  if (n > 6) p += plane;
  const v6 = n > 6 ? v128.load(p) : v0;
  if (n > 7) p += plane;
  const v7 = n > 7 ? v128.load(p) : v0;
  inputGradients(
    k, form, v0, v1, v2, v3, v4, v5, v6, v7,
    to, to + 16, to + 32, to + 48, to + 64, to + 80, to + 96, to + 112, overlap,
  );
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
  const line = (<usize>t.columns) << 4;
  const dump = t.lines + line;
  const r0 = rowOr(map, top, t.height, rowBytes, dump);
  const r1 = rowOr(map, top + 1, t.height, rowBytes, dump);
  const r2 = rowOr(map, top + 2, t.height, rowBytes, dump);
  const r3 = rowOr(map, top + 3, t.height, rowBytes, dump);
  const r4 = rowOr(map, top + 4, t.height, rowBytes, dump);
  const r5 = rowOr(map, top + 5, t.height, rowBytes, dump);
  const r6 = rowOr(map, top + 6, t.height, rowBytes, dump);
  const r7 = rowOr(map, top + 7, t.height, rowBytes, dump);
  const from = dump + line + ((<usize>t.pad) << 4);
  let at: usize = 0;
  do {
    const p = from + at;
    const v0 = v128.load(p);
    const v1 = v128.load(p + line);
    const v2 = v128.load(p + line * 2);
    const v3 = n > 3 ? v128.load(p + line * 3) : v0;
    const v4 = n > 4 ? v128.load(p + line * 4) : v0;
    const v5 = n > 5 ? v128.load(p + line * 5) : v0;
    const v6 = n > 6 ? v128.load(p + line * 6) : v0;
    const v7 = n > 7 ? v128.load(p + line * 7) : v0;
    inputGradients(
      k, form, v0, v1, v2, v3, v4, v5, v6, v7,
      r0 + at, r1 + at, r2 + at, r3 + at, r4 + at, r5 + at, r6 + at, r7 + at, overlap,
    );
    at += 16;
  } while (at < rowBytes);
}
