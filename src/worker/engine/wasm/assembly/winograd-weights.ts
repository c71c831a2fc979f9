/**
 * Winograd's transforms of weights w[ky][kx][in][out] and of their gradients.
 *
 *   U            [i·nx + j][out/4][in rows, ⌈C/4⌉·4][4 out]     operand B of V·U
 *   transposed   [i·nx + j][in/4][out rows, ⌈N/4⌉·4][4 in]      operand B of dM·Uᵀ
 */
import { storeQuadTransposed } from './gemm-pack';
import { loadLanes, storeLanes } from './simd';
import { planeBytes, widestForm } from './winograd-tiling';
import {
  F23,
  F25,
  F33,
  F35,
  F43,
  F45,
  F63,
  PAIR,
  pointsOf,
  storeConstants,
  tapsOf,
  weightGradients,
  weightPoints,
} from './winograd-transforms';

/** Bytes of the lines that a weight's transform takes of its scratch; the factors follow. */
const WEIGHT_VECTORS: usize = 65 << 4;

/** G along one axis: `lines` times from taps every `from`Step bytes to points every toStep. */
function points(
  k: usize,
  form: i32,
  lines: i32,
  from: usize,
  fromLine: usize,
  fromStep: usize,
  to: usize,
  toLine: usize,
  toStep: usize,
): void {
  if (form == F63) pointsForm(k, F63, lines, from, fromLine, fromStep, to, toLine, toStep);
  else if (form == F43) pointsForm(k, F43, lines, from, fromLine, fromStep, to, toLine, toStep);
  else if (form == F33) pointsForm(k, F33, lines, from, fromLine, fromStep, to, toLine, toStep);
  else if (form == F23) pointsForm(k, F23, lines, from, fromLine, fromStep, to, toLine, toStep);
  else if (form == PAIR) pointsForm(k, PAIR, lines, from, fromLine, fromStep, to, toLine, toStep);
  else if (form == F45) pointsForm(k, F45, lines, from, fromLine, fromStep, to, toLine, toStep);
  else if (form == F35) pointsForm(k, F35, lines, from, fromLine, fromStep, to, toLine, toStep);
  else pointsForm(k, F25, lines, from, fromLine, fromStep, to, toLine, toStep);
}

// @ts-ignore: decorator
@inline
function pointsForm(
  k: usize,
  form: i32,
  lines: i32,
  from: usize,
  fromLine: usize,
  fromStep: usize,
  to: usize,
  toLine: usize,
  toStep: usize,
): void {
  for (; lines > 0; lines--, from += fromLine, to += toLine) {
    const w0 = v128.load(from);
    const w1 = v128.load(from + fromStep);
    const w2 = v128.load(from + fromStep * 2);
    const w3 = tapsOf(form) > 3 ? v128.load(from + fromStep * 3) : w0;
    const w4 = tapsOf(form) > 3 ? v128.load(from + fromStep * 4) : w0;
    weightPoints(k, form, w0, w1, w2, w3, w4, to, toStep);
  }
}

/**
 * Prepares U, and its transposed copy where `transposed` is not 0, from w
 * [taps][taps][inputs][outputs]; part `part` of `parts` does a range of the blocks of inputs, one
 * after another, so that weights are read in their order. `scratch`: 94 vectors.
 */
export function winogradWeights(
  part: i32,
  parts: i32,
  taps: i32,
  tilesY: i32,
  tilesX: i32,
  w: usize,
  inputs: i32,
  outputs: i32,
  u: usize,
  transposed: usize,
  scratch: usize,
): void {
  const inBlocks = (inputs + 3) >> 2;
  const outBlocks = (outputs + 3) >> 2;
  const uPlane = planeBytes(outBlocks, (<usize>inBlocks) << 6);
  const tPlane = planeBytes(inBlocks, (<usize>outBlocks) << 6);
  const formY = widestForm(tilesY, taps);
  const formX = widestForm(tilesX, taps);
  const ny = pointsOf(formY);
  const nx = pointsOf(formX);
  const tap = (<usize>(inputs * outputs)) << 2;
  const row = (<usize>taps) << 4;
  // taps × taps of one input, then ny lines of taps.
  const lines = scratch + row * taps;
  const k = scratch + WEIGHT_VECTORS;
  storeConstants(k);
  const end = (inBlocks * (part + 1)) / parts;
  for (let block = (inBlocks * part) / parts; block < end; block++) {
    for (let out = 0; out < outBlocks; out++) {
      const lanes = outputs - out * 4;
      const to = u + ((<usize>(out * inBlocks + block)) << 6);
      for (let input = 0; input < 4; input++) {
        const at = to + ((<usize>input) << 4);
        if (block * 4 + input >= inputs) {
          for (let point = 0; point < ny * nx; point++) {
            v128.store(at + uPlane * point, f32x4.splat(0));
          }
          continue;
        }
        let from = w + ((<usize>((block * 4 + input) * outputs + out * 4)) << 2);
        if (lanes >= 4) {
          points(k, formY, taps, from, tap, tap * taps, lines, 16, row);
        } else {
          for (let i = 0; i < taps * taps; i++, from += tap) {
            v128.store(scratch + ((<usize>i) << 4), loadLanes(from, lanes));
          }
          points(k, formY, taps, scratch, 16, row, lines, 16, row);
        }
        points(k, formX, ny, lines, row, 16, at, uPlane * nx, uPlane);
      }
      if (transposed == 0) continue;
      const mirrored = transposed + ((<usize>(block * outBlocks + out)) << 6);
      for (let point = 0; point < ny * nx; point++) {
        const from = to + uPlane * point;
        storeQuadTransposed(
          mirrored + tPlane * point,
          v128.load(from),
          v128.load(from + 16),
          v128.load(from + 32),
          v128.load(from + 48),
        );
      }
    }
  }
}

/** Gᵀ along one axis: `lines` times from points every fromStep bytes to taps every toStep. */
function gradients(
  k: usize,
  form: i32,
  lines: i32,
  from: usize,
  fromLine: usize,
  fromStep: usize,
  to: usize,
  toLine: usize,
  toStep: usize,
): void {
  if (form == F63) gradientsForm(k, F63, lines, from, fromLine, fromStep, to, toLine, toStep);
  else if (form == F43) gradientsForm(k, F43, lines, from, fromLine, fromStep, to, toLine, toStep);
  else if (form == F33) gradientsForm(k, F33, lines, from, fromLine, fromStep, to, toLine, toStep);
  else if (form == F23) gradientsForm(k, F23, lines, from, fromLine, fromStep, to, toLine, toStep);
  else if (form == PAIR) gradientsForm(k, PAIR, lines, from, fromLine, fromStep, to, toLine, toStep);
  else if (form == F45) gradientsForm(k, F45, lines, from, fromLine, fromStep, to, toLine, toStep);
  else if (form == F35) gradientsForm(k, F35, lines, from, fromLine, fromStep, to, toLine, toStep);
  else gradientsForm(k, F25, lines, from, fromLine, fromStep, to, toLine, toStep);
}

// @ts-ignore: decorator
@inline
function gradientsForm(
  k: usize,
  form: i32,
  lines: i32,
  from: usize,
  fromLine: usize,
  fromStep: usize,
  to: usize,
  toLine: usize,
  toStep: usize,
): void {
  const n = pointsOf(form);
  for (; lines > 0; lines--, from += fromLine, to += toLine) {
    const u0 = v128.load(from);
    const u1 = v128.load(from + fromStep);
    const u2 = v128.load(from + fromStep * 2);
    const u3 = n > 3 ? v128.load(from + fromStep * 3) : u0;
    const u4 = n > 4 ? v128.load(from + fromStep * 4) : u0;
    const u5 = n > 5 ? v128.load(from + fromStep * 5) : u0;
    const u6 = n > 6 ? v128.load(from + fromStep * 6) : u0;
    const u7 = n > 7 ? v128.load(from + fromStep * 7) : u0;
    weightGradients(k, form, u0, u1, u2, u3, u4, u5, u6, u7, to, toStep);
  }
}

/**
 * dw = Gᵀ·dU·G for inputs of blocks [blockFrom, blockTo), from dU in the layout of U. `add`: to
 * what dw holds. `scratch`: 94 vectors.
 */
export function weightGradientsOf(
  taps: i32,
  tilesY: i32,
  tilesX: i32,
  du: usize,
  inputs: i32,
  outputs: i32,
  dw: usize,
  blockFrom: i32,
  blockTo: i32,
  add: bool,
  scratch: usize,
): void {
  const inBlocks = (inputs + 3) >> 2;
  const outBlocks = (outputs + 3) >> 2;
  const plane = planeBytes(outBlocks, (<usize>inBlocks) << 6);
  const formY = widestForm(tilesY, taps);
  const formX = widestForm(tilesX, taps);
  const ny = pointsOf(formY);
  const nx = pointsOf(formX);
  const tap = (<usize>(inputs * outputs)) << 2;
  const row = (<usize>taps) << 4;
  const lines = scratch + row * taps;
  const k = scratch + WEIGHT_VECTORS;
  storeConstants(k);
  for (let block = blockFrom; block < blockTo; block++) {
    const last = min(inputs, block * 4 + 4);
    for (let out = 0; out < outBlocks; out++) {
      const lanes = outputs - out * 4;
      for (let input = block * 4; input < last; input++) {
      const from = du + ((<usize>(out * inBlocks * 4 + input)) << 4);
      gradients(k, formX, ny, from, plane * nx, plane, lines, row, 16);
      let to = dw + ((<usize>(input * outputs + out * 4)) << 2);
      if (lanes >= 4 && !add) {
        gradients(k, formY, taps, lines, 16, row, to, tap, tap * taps);
        continue;
      }
      gradients(k, formY, taps, lines, 16, row, scratch, 16, row);
      for (let i = 0; i < taps * taps; i++, to += tap) {
        const g = v128.load(scratch + ((<usize>i) << 4));
        storeLanes(to, add ? f32x4.add(loadLanes(to, lanes), g) : g, lanes);
      }
      }
    }
  }
}
