/**
 * Winograd's transform to the output map and its adjoint, over the chunk at hand: rows tile by
 * tile, then the columns of a band; in the adjoint the other way round. With a pool behind the
 * convolution the map of one sample and block stands in scratch only (pool-window.ts).
 */
import { PoolWindow, expandMap, poolMap } from './pool-window';
import { loadLanes, whereOn } from './simd';
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
  AS_IS,
  BIASED,
  BIASED_RELU,
  F23,
  F25,
  F33,
  F35,
  F43,
  F45,
  F63,
  PAIR,
  outputGradients,
  outputs,
  outputsOf,
  pointsOf,
} from './winograd-transforms';

/**
 * y = Aᵀ·M·A + bias, then ReLU if wanted, for the chunk at hand. With a pool, y is the pooled map
 * and `places` its maxima's; `map` is scratch for one block of a map.
 */
export function transformOutput(
  t: WinogradTiling,
  products: usize,
  y: usize,
  bias: usize,
  activate: bool,
  pool: PoolWindow | null,
  places: usize,
  map: usize,
): void {
  const area = (<usize>(t.outHeight * t.outWidth)) << 4;
  for (let block = 0; block < t.outBlocks; block++) {
    const from = products + t.stride * block;
    const start = bias
      ? loadLanes(bias + ((<usize>block) << 4), t.outputs - block * 4)
      : f32x4.splat(0);
    for (let s = 0; s < t.samples; s++) {
      const plane = (t.sample + s) * t.outBlocks + block;
      const to = pool ? map : y + area * plane;
      for (let band = t.band; band < t.bandEnd; band++) {
        const form = formAt(t.tilesY, t.taps, band);
        across(t, pointsOf(form), from, s, band);
        down(form, t, to, startAt(t.tilesY, t.taps, band), start, activate);
      }
      if (pool) {
        const pooled = pool.outHeight * pool.outWidth;
        poolMap(
          pool,
          map,
          y + ((<usize>(plane * pooled)) << 4),
          places + ((<usize>(plane * pooled)) << 2),
          activate,
        );
      }
    }
  }
}

/** Aᵀ along `lines` lines, tile by tile, from the planes at `from` to lines. */
function across(t: WinogradTiling, lines: i32, from: usize, s: i32, band: i32): void {
  const to = t.lines + ((<usize>t.columns) << 5);
  if (t.tilesX == 0) {
    acrossForm(PAIR, t, lines, to, 0, 1, from, s, band);
    return;
  }
  let first = 0;
  let column: usize = to;
  for (let k = 0; k < SIZES; k++) {
    const tiles = countOf(t.tilesX, k);
    if (tiles == 0) continue;
    const form = formOf(t.taps, k);
    if (form == F63) acrossForm(F63, t, lines, column, first, tiles, from, s, band);
    else if (form == F43) acrossForm(F43, t, lines, column, first, tiles, from, s, band);
    else if (form == F33) acrossForm(F33, t, lines, column, first, tiles, from, s, band);
    else if (form == F23) acrossForm(F23, t, lines, column, first, tiles, from, s, band);
    else if (form == F45) acrossForm(F45, t, lines, column, first, tiles, from, s, band);
    else if (form == F35) acrossForm(F35, t, lines, column, first, tiles, from, s, band);
    else acrossForm(F25, t, lines, column, first, tiles, from, s, band);
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
  const plane = t.outPlane;
  const planesDown = plane * t.pointsX;
  const zero = f32x4.splat(0);
  for (let i = 0; i < lines; i++) {
    const step = (<usize>bandsWith(t, i)) << 4;
    let point = from + step * first + ((<usize>placeOf(t, i, s, band)) << 4);
    let p = to;
    for (let tile = tiles; tile > 0; tile--) {
      let q = point;
      const m0 = v128.load(q);
      q += plane;
      const m1 = v128.load(q);
      q += plane;
      const m2 = v128.load(q);
      if (n > 3) q += plane;
      const m3 = n > 3 ? v128.load(q) : m0;
      if (n > 4) q += plane;
      const m4 = n > 4 ? v128.load(q) : m0;
      if (n > 5) q += plane;
      const m5 = n > 5 ? v128.load(q) : m0;
      if (n > 6) q += plane;
      const m6 = n > 6 ? v128.load(q) : m0;
      if (n > 7) q += plane;
      const m7 = n > 7 ? v128.load(q) : m0;
      outputs(
        k, form, m0, m1, m2, m3, m4, m5, m6, m7,
        p, p + 16, p + 32, p + 48, p + 64, p + 80, AS_IS, zero,
      );
      p += (<usize>outputsOf(form)) << 4;
      point += step;
    }
    to += line;
    from += planesDown;
  }
}

/** Aᵀ along the columns of a band whose first output row is `top`, from lines to the map. */
function down(
  form: i32,
  t: WinogradTiling,
  map: usize,
  top: i32,
  bias: v128,
  activate: bool,
): void {
  if (form == F63) downForm(F63, t, map, top, bias, activate);
  else if (form == F43) downForm(F43, t, map, top, bias, activate);
  else if (form == F33) downForm(F33, t, map, top, bias, activate);
  else if (form == F23) downForm(F23, t, map, top, bias, activate);
  else if (form == PAIR) downForm(PAIR, t, map, top, bias, activate);
  else if (form == F45) downForm(F45, t, map, top, bias, activate);
  else if (form == F35) downForm(F35, t, map, top, bias, activate);
  else downForm(F25, t, map, top, bias, activate);
}

// @ts-ignore: decorator
@inline
function downForm(
  form: i32,
  t: WinogradTiling,
  map: usize,
  top: i32,
  bias: v128,
  activate: bool,
): void {
  if (activate) downRows(form, t, map, top, bias, BIASED_RELU);
  else downRows(form, t, map, top, bias, BIASED);
}

// @ts-ignore: decorator
@inline
function downRows(
  form: i32,
  t: WinogradTiling,
  map: usize,
  top: i32,
  bias: v128,
  finish: i32,
): void {
  const k = changetype<usize>(t) + FACTORS;
  const n = pointsOf(form);
  const rowBytes = (<usize>t.outWidth) << 4;
  const line = (<usize>t.columns) << 4;
  const dump = t.lines + line;
  const height = t.outHeight;
  const r0 = rowOr(map, top, height, rowBytes, dump);
  const r1 = rowOr(map, top + 1, height, rowBytes, dump);
  const r2 = rowOr(map, top + 2, height, rowBytes, dump);
  const r3 = rowOr(map, top + 3, height, rowBytes, dump);
  const r4 = rowOr(map, top + 4, height, rowBytes, dump);
  const r5 = rowOr(map, top + 5, height, rowBytes, dump);
  const from = dump + line;
  let at: usize = 0;
  do {
    let p = from + at;
    const m0 = v128.load(p);
    p += line;
    const m1 = v128.load(p);
    p += line;
    const m2 = v128.load(p);
    if (n > 3) p += line;
    const m3 = n > 3 ? v128.load(p) : m0;
    if (n > 4) p += line;
    const m4 = n > 4 ? v128.load(p) : m0;
    if (n > 5) p += line;
    const m5 = n > 5 ? v128.load(p) : m0;
    if (n > 6) p += line;
    const m6 = n > 6 ? v128.load(p) : m0;
    if (n > 7) p += line;
    const m7 = n > 7 ? v128.load(p) : m0;
    outputs(
      k, form, m0, m1, m2, m3, m4, m5, m6, m7,
      r0 + at, r1 + at, r2 + at, r3 + at, r4 + at, r5 + at, finish, bias,
    );
    at += 16;
  } while (at < rowBytes);
}

/**
 * dM = A·dy·Aᵀ for the chunk at hand, where dy counts as zero if `mask` is on and y is not > 0.
 * With a pool, dy is the gradient of the pooled map and goes to the maxima's `places`. Adds the
 * sums of dy to `biasSums`, [blocks][4], if it is not 0; stores them if `first`.
 */
export function transformOutputGradients(
  t: WinogradTiling,
  dy: usize,
  y: usize,
  mask: bool,
  products: usize,
  biasSums: usize,
  first: bool,
  pool: PoolWindow | null,
  places: usize,
  map: usize,
): void {
  const area = (<usize>(t.outHeight * t.outWidth)) << 4;
  clearLines(t);
  for (let block = 0; block < t.outBlocks; block++) {
    const to = products + t.stride * block;
    let total = f32x4.splat(0);
    for (let s = 0; s < t.samples; s++) {
      const plane = (t.sample + s) * t.outBlocks + block;
      let from = dy + area * plane;
      if (pool) {
        const pooled = pool.outHeight * pool.outWidth;
        expandMap(
          pool,
          dy + ((<usize>(plane * pooled)) << 4),
          places + ((<usize>(plane * pooled)) << 2),
          map,
        );
        from = map;
      }
      const output = y + area * plane;
      for (let band = t.band; band < t.bandEnd; band++) {
        const form = formAt(t.tilesY, t.taps, band);
        const top = startAt(t.tilesY, t.taps, band);
        total = f32x4.add(total, spread(form, t, from, top, output, mask));
        scatter(t, pointsOf(form), to, s, band);
      }
    }
    if (biasSums) {
      const at = biasSums + ((<usize>block) << 4);
      v128.store(at, first ? total : f32x4.add(v128.load(at), total));
    }
  }
}

/** A along the columns of a band whose first output row is `top`, to lines. Returns Σ dy. */
function spread(
  form: i32,
  t: WinogradTiling,
  map: usize,
  top: i32,
  y: usize,
  mask: bool,
): v128 {
  if (form == F63) return spreadForm(F63, t, map, top, y, mask);
  if (form == F43) return spreadForm(F43, t, map, top, y, mask);
  if (form == F33) return spreadForm(F33, t, map, top, y, mask);
  if (form == F23) return spreadForm(F23, t, map, top, y, mask);
  if (form == PAIR) return spreadForm(PAIR, t, map, top, y, mask);
  if (form == F45) return spreadForm(F45, t, map, top, y, mask);
  if (form == F35) return spreadForm(F35, t, map, top, y, mask);
  return spreadForm(F25, t, map, top, y, mask);
}

// @ts-ignore: decorator
@inline
function spreadForm(
  form: i32,
  t: WinogradTiling,
  map: usize,
  top: i32,
  y: usize,
  mask: bool,
): v128 {
  return mask ? spreadRows(form, t, map, top, y, true) : spreadRows(form, t, map, top, y, false);
}

// @ts-ignore: decorator
@inline
function spreadRows(
  form: i32,
  t: WinogradTiling,
  map: usize,
  top: i32,
  y: usize,
  mask: bool,
): v128 {
  const k = changetype<usize>(t) + FACTORS;
  const m = outputsOf(form);
  const rowBytes = (<usize>t.outWidth) << 4;
  const line = (<usize>t.columns) << 4;
  const zeros = t.lines;
  const height = t.outHeight;
  const r0 = rowOr(map, top, height, rowBytes, zeros);
  const r1 = rowOr(map, top + 1, height, rowBytes, zeros);
  const r2 = rowOr(map, top + 2, height, rowBytes, zeros);
  const r3 = rowOr(map, top + 3, height, rowBytes, zeros);
  const r4 = rowOr(map, top + 4, height, rowBytes, zeros);
  const r5 = rowOr(map, top + 5, height, rowBytes, zeros);
  // A row of zeros masks itself.
  const y0 = rowOr(y, top, height, rowBytes, zeros);
  const y1 = rowOr(y, top + 1, height, rowBytes, zeros);
  const y2 = rowOr(y, top + 2, height, rowBytes, zeros);
  const y3 = rowOr(y, top + 3, height, rowBytes, zeros);
  const y4 = rowOr(y, top + 4, height, rowBytes, zeros);
  const y5 = rowOr(y, top + 5, height, rowBytes, zeros);
  const to = zeros + line * 2;
  let sum = f32x4.splat(0);
  let at: usize = 0;
  do {
    let g0 = v128.load(r0 + at);
    let g1 = v128.load(r1 + at);
    let g2 = m > 2 ? v128.load(r2 + at) : g0;
    let g3 = m > 3 ? v128.load(r3 + at) : g0;
    let g4 = m > 4 ? v128.load(r4 + at) : g0;
    let g5 = m > 5 ? v128.load(r5 + at) : g0;
    if (mask) {
      g0 = whereOn(v128.load(y0 + at), g0);
      g1 = whereOn(v128.load(y1 + at), g1);
      if (m > 2) g2 = whereOn(v128.load(y2 + at), g2);
      if (m > 3) g3 = whereOn(v128.load(y3 + at), g3);
      if (m > 4) g4 = whereOn(v128.load(y4 + at), g4);
      if (m > 5) g5 = whereOn(v128.load(y5 + at), g5);
    }
    let part = f32x4.add(g0, g1);
    if (m > 2) part = f32x4.add(part, m > 3 ? f32x4.add(g2, g3) : g2);
    if (m > 4) part = f32x4.add(part, m > 5 ? f32x4.add(g4, g5) : g4);
    sum = f32x4.add(sum, part);
    outputGradients(k, form, g0, g1, g2, g3, g4, g5, to + at, line);
    at += 16;
  } while (at < rowBytes);
  return sum;
}

/** A along `lines` lines, tile by tile, to the planes from `to`. */
function scatter(t: WinogradTiling, lines: i32, to: usize, s: i32, band: i32): void {
  const from = t.lines + ((<usize>t.columns) << 5);
  if (t.tilesX == 0) {
    scatterForm(PAIR, t, lines, from, 0, 1, to, s, band);
    return;
  }
  let first = 0;
  let column: usize = from;
  for (let k = 0; k < SIZES; k++) {
    const tiles = countOf(t.tilesX, k);
    if (tiles == 0) continue;
    const form = formOf(t.taps, k);
    if (form == F63) scatterForm(F63, t, lines, column, first, tiles, to, s, band);
    else if (form == F43) scatterForm(F43, t, lines, column, first, tiles, to, s, band);
    else if (form == F33) scatterForm(F33, t, lines, column, first, tiles, to, s, band);
    else if (form == F23) scatterForm(F23, t, lines, column, first, tiles, to, s, band);
    else if (form == F45) scatterForm(F45, t, lines, column, first, tiles, to, s, band);
    else if (form == F35) scatterForm(F35, t, lines, column, first, tiles, to, s, band);
    else scatterForm(F25, t, lines, column, first, tiles, to, s, band);
    first += tiles;
    column += (<usize>(tiles * outputsOf(form))) << 4;
  }
}

// @ts-ignore: decorator
@inline
function scatterForm(
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
  const m = outputsOf(form);
  const line = (<usize>t.columns) << 4;
  const plane = t.outPlane;
  const planesDown = plane * t.pointsX;
  for (let i = 0; i < lines; i++) {
    const step = (<usize>bandsWith(t, i)) << 4;
    let point = to + step * first + ((<usize>placeOf(t, i, s, band)) << 4);
    let p = from;
    for (let tile = tiles; tile > 0; tile--) {
      const g0 = v128.load(p);
      const g1 = v128.load(p + 16);
      const g2 = m > 2 ? v128.load(p + 32) : g0;
      const g3 = m > 3 ? v128.load(p + 48) : g0;
      const g4 = m > 4 ? v128.load(p + 64) : g0;
      const g5 = m > 5 ? v128.load(p + 80) : g0;
      outputGradients(k, form, g0, g1, g2, g3, g4, g5, point, plane);
      p += (<usize>m) << 4;
      point += step;
    }
    from += line;
    to += planesDown;
  }
}
