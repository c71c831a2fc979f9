/**
 * Winograd's transform to the output map and its adjoint, over the chunk at hand: rows tile by
 * tile, then the columns of a band; in the adjoint the other way round. Each pass runs over all samples of the
 * chunk. With a pool behind the convolution its map stands in scratch only, a block of the chunk's
 * samples at a time (pool-window.ts).
 */
import { PoolWindow, expandMap, poolMap } from './pool-window';
import { loadLanes, whereOn } from './simd';
import { OUTPUT, OUTPUT_GRADIENT, across } from './winograd-across';
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
 * and `places` its maxima's; `map` is scratch for a block of the chunk's maps.
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
    const start = bias
      ? loadLanes(bias + ((<usize>block) << 4), t.outputs - block * 4)
      : f32x4.splat(0);
    const first = t.sample * t.outBlocks + block;
    const to = pool ? map : y + area * first;
    const next = pool ? area : area * t.outBlocks;
    for (let band = t.band; band < t.bandEnd; band++) {
      const form = formAt(t.tilesY, t.taps, band);
      fromPoints(t, pointsOf(form), products + t.stride * block, band);
      down(form, t, to, next, startAt(t.tilesY, t.taps, band), start, activate);
    }
    if (pool) {
      const pooled = pool.outHeight * pool.outWidth;
      for (let s = 0; s < t.samples; s++) {
        const value = <usize>((first + s * t.outBlocks) * pooled);
        poolMap(pool, map + area * s, y + (value << 4), places + (value << 2), activate);
      }
    }
  }
}

/** Aᵀ along `lines` lines of each sample, tile by tile, from the planes at `planes`. */
function fromPoints(t: WinogradTiling, lines: i32, planes: usize, band: i32): void {
  across(OUTPUT, t, lines, planes, t.outPlane, band);
}

/**
 * Aᵀ along the columns of a band whose first output row is `top`, from lines to the maps, which are
 * `next` bytes apart.
 */
function down(
  form: i32,
  t: WinogradTiling,
  map: usize,
  next: usize,
  top: i32,
  bias: v128,
  activate: bool,
): void {
  if (form == F63) downForm(F63, t, map, next, top, bias, activate);
  else if (form == F43) downForm(F43, t, map, next, top, bias, activate);
  else if (form == F33) downForm(F33, t, map, next, top, bias, activate);
  else if (form == F23) downForm(F23, t, map, next, top, bias, activate);
  else if (form == PAIR) downForm(PAIR, t, map, next, top, bias, activate);
  else if (form == F45) downForm(F45, t, map, next, top, bias, activate);
  else if (form == F35) downForm(F35, t, map, next, top, bias, activate);
  else downForm(F25, t, map, next, top, bias, activate);
}

// @ts-ignore: decorator
@inline
function downForm(
  form: i32,
  t: WinogradTiling,
  map: usize,
  next: usize,
  top: i32,
  bias: v128,
  activate: bool,
): void {
  if (activate) downRows(form, t, map, next, top, bias, BIASED_RELU);
  else downRows(form, t, map, next, top, bias, BIASED);
}

// @ts-ignore: decorator
@inline
function downRows(
  form: i32,
  t: WinogradTiling,
  map: usize,
  next: usize,
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
  let from = bandLines(t);
  for (let s = t.samples; s > 0; s--) {
    const r0 = rowOr(map, top, height, rowBytes, dump);
    const r1 = rowOr(map, top + 1, height, rowBytes, dump);
    const r2 = rowOr(map, top + 2, height, rowBytes, dump);
    const r3 = rowOr(map, top + 3, height, rowBytes, dump);
    const r4 = rowOr(map, top + 4, height, rowBytes, dump);
    const r5 = rowOr(map, top + 5, height, rowBytes, dump);
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
    map += next;
    from += sampleLines(t);
  }
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
    const plane = t.sample * t.outBlocks + block;
    if (pool) {
      const pooled = pool.outHeight * pool.outWidth;
      for (let s = 0; s < t.samples; s++) {
        const value = <usize>((plane + s * t.outBlocks) * pooled);
        expandMap(pool, dy + (value << 4), places + (value << 2), map + area * s);
      }
    }
    const from = pool ? map : dy + area * plane;
    const next = pool ? area : area * t.outBlocks;
    let total = f32x4.splat(0);
    for (let band = t.band; band < t.bandEnd; band++) {
      const form = formAt(t.tilesY, t.taps, band);
      const top = startAt(t.tilesY, t.taps, band);
      total = f32x4.add(total, spread(form, t, from, next, top, y + area * plane, mask));
      toPoints(t, pointsOf(form), products + t.stride * block, band);
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
  next: usize,
  top: i32,
  y: usize,
  mask: bool,
): v128 {
  if (form == F63) return spreadForm(F63, t, map, next, top, y, mask);
  if (form == F43) return spreadForm(F43, t, map, next, top, y, mask);
  if (form == F33) return spreadForm(F33, t, map, next, top, y, mask);
  if (form == F23) return spreadForm(F23, t, map, next, top, y, mask);
  if (form == PAIR) return spreadForm(PAIR, t, map, next, top, y, mask);
  if (form == F45) return spreadForm(F45, t, map, next, top, y, mask);
  if (form == F35) return spreadForm(F35, t, map, next, top, y, mask);
  return spreadForm(F25, t, map, next, top, y, mask);
}

// @ts-ignore: decorator
@inline
function spreadForm(
  form: i32,
  t: WinogradTiling,
  map: usize,
  next: usize,
  top: i32,
  y: usize,
  mask: bool,
): v128 {
  return mask
    ? spreadRows(form, t, map, next, top, y, true)
    : spreadRows(form, t, map, next, top, y, false);
}

// @ts-ignore: decorator
@inline
function spreadRows(
  form: i32,
  t: WinogradTiling,
  map: usize,
  next: usize,
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
  const nextOutput = ((<usize>(t.outBlocks * height * t.outWidth)) << 4);
  let to = bandLines(t);
  let total = f32x4.splat(0);
  for (let s = t.samples; s > 0; s--) {
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
    total = f32x4.add(total, sum);
    map += next;
    y += nextOutput;
    to += sampleLines(t);
  }
  return total;
}

/** A along `lines` lines of each sample, tile by tile, to the planes from `planes`. */
function toPoints(t: WinogradTiling, lines: i32, planes: usize, band: i32): void {
  across(OUTPUT_GRADIENT, t, lines, planes, t.outPlane, band);
}
