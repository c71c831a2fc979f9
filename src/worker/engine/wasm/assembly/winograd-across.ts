/**
 * The passes of Winograd's transforms along the lines of a band, tile by tile, for all samples of
 * the chunk at hand: between lines [sample][point of the columns] and the planes.
 *
 *   INPUT              Bᵀ   lines of the map              → planes of V
 *   INPUT_GRADIENT     B    planes of dV                  → lines, where tiles overlap
 *   OUTPUT             Aᵀ   planes of M                   → lines
 *   OUTPUT_GRADIENT    A    lines of dy                   → planes of dM
 */
import {
  FACTORS,
  SIZES,
  WinogradTiling,
  bandLines,
  bandsWith,
  countOf,
  formOf,
  sampleBandsWith,
  sampleLines,
} from './winograd-tiling';
import {
  AS_IS,
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
  outputGradients,
  outputs,
  outputsOf,
  pointsOf,
} from './winograd-transforms';

export const INPUT: i32 = 0;
export const INPUT_GRADIENT: i32 = 1;
export const OUTPUT: i32 = 2;
export const OUTPUT_GRADIENT: i32 = 3;

/**
 * A pass over `lines` lines of each sample of band `band`; `planes` is where those of the block at
 * hand begin, `plane` bytes apart. The pass is a constant: callers are functions of their own, since
 * V8 spills its registers in one that holds all.
 */
// @ts-ignore: decorator
@inline
export function across(
  pass: i32,
  t: WinogradTiling,
  lines: i32,
  planes: usize,
  plane: usize,
  band: i32,
): void {
  if (t.tilesX == 0) {
    acrossRun(pass, PAIR, t, lines, bandLines(t), 0, 1, planes, plane, band);
    return;
  }
  let first = 0;
  let column = bandLines(t);
  for (let k = 0; k < SIZES; k++) {
    const tiles = countOf(t.tilesX, k);
    if (tiles == 0) continue;
    const form = formOf(t.taps, k);
    if (form == F63) acrossRun(pass, F63, t, lines, column, first, tiles, planes, plane, band);
    else if (form == F43) acrossRun(pass, F43, t, lines, column, first, tiles, planes, plane, band);
    else if (form == F33) acrossRun(pass, F33, t, lines, column, first, tiles, planes, plane, band);
    else if (form == F23) acrossRun(pass, F23, t, lines, column, first, tiles, planes, plane, band);
    else if (form == F45) acrossRun(pass, F45, t, lines, column, first, tiles, planes, plane, band);
    else if (form == F35) acrossRun(pass, F35, t, lines, column, first, tiles, planes, plane, band);
    else acrossRun(pass, F25, t, lines, column, first, tiles, planes, plane, band);
    first += tiles;
    column += (<usize>(tiles * outputsOf(form))) << 4;
  }
}

/** The `tiles` tiles of one form from the band's tile `first` on, whose lines begin at `line`. */
// @ts-ignore: decorator
@inline
function acrossRun(
  pass: i32,
  form: i32,
  t: WinogradTiling,
  lines: i32,
  line: usize,
  first: i32,
  tiles: i32,
  planes: usize,
  plane: usize,
  band: i32,
): void {
  const k = changetype<usize>(t) + FACTORS;
  const width = (<usize>outputsOf(form)) << 4;
  const isDeep = t.samples > tiles;
  for (let i = 0; i < lines; i++) {
    const step = (<usize>bandsWith(t, i)) << 4;
    const next = (<usize>sampleBandsWith(t, i)) << 4;
    let l = line + ((<usize>(i * t.columns)) << 4);
    let point = planes + plane * (i * t.pointsX) + step * first + ((<usize>(band - t.band)) << 4);
    if (pass == INPUT_GRADIENT) {
      // A tile adds to its left neighbour's columns, which must have been stored before.
      for (let tile = 0; tile < tiles; tile++, l += width, point += step) {
        if (first + tile == 0) gradientTiles(k, form, t.samples, l, sampleLines(t), point, next, plane, false);
        else gradientTiles(k, form, t.samples, l, sampleLines(t), point, next, plane, true);
      }
      continue;
    }
    // The longer of the two loops, over samples and over tiles, is the inner one.
    const inner = isDeep ? t.samples : tiles;
    const innerLine = isDeep ? sampleLines(t) : width;
    const innerPoint = isDeep ? next : step;
    const outerLine = isDeep ? width : sampleLines(t);
    const outerPoint = isDeep ? step : next;
    for (let outer = isDeep ? tiles : t.samples; outer > 0; outer--) {
      tilesOf(pass, k, form, inner, l, innerLine, point, innerPoint, plane);
      l += outerLine;
      point += outerPoint;
    }
  }
}

/** `count` tiles, whose lines are `lineStep` bytes apart and whose points `pointStep`. */
// @ts-ignore: decorator
@inline
function tilesOf(
  pass: i32,
  k: usize,
  form: i32,
  count: i32,
  l: usize,
  lineStep: usize,
  point: usize,
  pointStep: usize,
  plane: usize,
): void {
  for (; count > 0; count--, l += lineStep, point += pointStep) {
    if (pass == INPUT) inputTile(k, form, l, point, plane);
    else if (pass == OUTPUT) outputTile(k, form, l, point, plane);
    else outputGradientTile(k, form, l, point, plane);
  }
}

// @ts-ignore: decorator
@inline
function inputTile(k: usize, form: i32, l: usize, point: usize, plane: usize): void {
  const n = inputsOf(form);
  const x0 = v128.load(l);
  const x1 = v128.load(l + 16);
  const x2 = n > 2 ? v128.load(l + 32) : x0;
  const x3 = n > 3 ? v128.load(l + 48) : x0;
  const x4 = n > 4 ? v128.load(l + 64) : x0;
  const x5 = n > 5 ? v128.load(l + 80) : x0;
  const x6 = n > 6 ? v128.load(l + 96) : x0;
  const x7 = n > 7 ? v128.load(l + 112) : x0;
  inputPoints(k, form, x0, x1, x2, x3, x4, x5, x6, x7, point, plane);
}

// @ts-ignore: decorator
@inline
function outputTile(k: usize, form: i32, l: usize, point: usize, plane: usize): void {
  const n = pointsOf(form);
  const m0 = v128.load(point);
  point += plane;
  const m1 = v128.load(point);
  point += plane;
  const m2 = v128.load(point);
  if (n > 3) point += plane;
  const m3 = n > 3 ? v128.load(point) : m0;
  if (n > 4) point += plane;
  const m4 = n > 4 ? v128.load(point) : m0;
  if (n > 5) point += plane;
  const m5 = n > 5 ? v128.load(point) : m0;
  if (n > 6) point += plane;
  const m6 = n > 6 ? v128.load(point) : m0;
  if (n > 7) point += plane;
  const m7 = n > 7 ? v128.load(point) : m0;
  outputs(
    k, form, m0, m1, m2, m3, m4, m5, m6, m7,
    l, l + 16, l + 32, l + 48, l + 64, l + 80, AS_IS, m0,
  );
}

// @ts-ignore: decorator
@inline
function outputGradientTile(k: usize, form: i32, l: usize, point: usize, plane: usize): void {
  const m = outputsOf(form);
  const g0 = v128.load(l);
  const g1 = v128.load(l + 16);
  const g2 = m > 2 ? v128.load(l + 32) : g0;
  const g3 = m > 3 ? v128.load(l + 48) : g0;
  const g4 = m > 4 ? v128.load(l + 64) : g0;
  const g5 = m > 5 ? v128.load(l + 80) : g0;
  outputGradients(k, form, g0, g1, g2, g3, g4, g5, point, plane);
}

/** One tile of `count` samples. */
// @ts-ignore: decorator
@inline
function gradientTiles(
  k: usize,
  form: i32,
  count: i32,
  l: usize,
  lineStep: usize,
  point: usize,
  pointStep: usize,
  plane: usize,
  overlap: bool,
): void {
  const n = pointsOf(form);
  for (; count > 0; count--, l += lineStep, point += pointStep) {
    let p = point;
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
      l, l + 16, l + 32, l + 48, l + 64, l + 80, l + 96, l + 112, overlap,
    );
  }
}
