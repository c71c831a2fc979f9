/**
 * Winograd's transforms of 3×3 weights w[ky][kx][in][out] and of their gradients.
 *
 *   U            [i·n + j][out/4][in rows, ⌈C/4⌉·4][4 out]     operand B of V·U
 *   transposed   [i·n + j][in/4][out rows, ⌈N/4⌉·4][4 in]      operand B of dM·Uᵀ
 */
import { storeQuadTransposed } from './gemm-pack';
import { loadLanes, storeLanes } from './simd';
import { planeBytes } from './winograd-chunk';
import { F23, F43, PAIR, pointsOf, weightGradient, weightPoint } from './winograd-points';

/** U = G·w·Gᵀ and its transposed copy, for one block of four inputs and four outputs. */
// @ts-ignore: decorator
@inline
function transformBlock(
  form: i32,
  w: usize,
  inputs: i32,
  outputs: i32,
  lanes: i32,
  rows: i32,
  u: usize,
  uPlane: usize,
): void {
  const n = pointsOf(form);
  const tap = (<usize>(inputs * outputs)) << 2;
  for (let row = 0; row < 4; row++) {
    if (row >= rows) {
      for (let point = 0; point < n * n; point++) {
        v128.store(u + uPlane * point, f32x4.splat(0));
      }
      u += 16;
      continue;
    }
    const w00 = loadLanes(w, lanes);
    const w01 = loadLanes(w + tap, lanes);
    const w02 = loadLanes(w + tap * 2, lanes);
    const w10 = loadLanes(w + tap * 3, lanes);
    const w11 = loadLanes(w + tap * 4, lanes);
    const w12 = loadLanes(w + tap * 5, lanes);
    const w20 = loadLanes(w + tap * 6, lanes);
    const w21 = loadLanes(w + tap * 7, lanes);
    const w22 = loadLanes(w + tap * 8, lanes);
    transformLine(form, 0, w00, w01, w02, w10, w11, w12, w20, w21, w22, u, uPlane);
    transformLine(form, 1, w00, w01, w02, w10, w11, w12, w20, w21, w22, u, uPlane);
    transformLine(form, 2, w00, w01, w02, w10, w11, w12, w20, w21, w22, u, uPlane);
    if (n > 3) transformLine(form, 3, w00, w01, w02, w10, w11, w12, w20, w21, w22, u, uPlane);
    if (n > 4) transformLine(form, 4, w00, w01, w02, w10, w11, w12, w20, w21, w22, u, uPlane);
    if (n > 4) transformLine(form, 5, w00, w01, w02, w10, w11, w12, w20, w21, w22, u, uPlane);
    u += 16;
    w += (<usize>outputs) << 2;
  }
}

/** Points (i, 0 … n − 1). */
// @ts-ignore: decorator
@inline
function transformLine(
  form: i32,
  i: i32,
  w00: v128,
  w01: v128,
  w02: v128,
  w10: v128,
  w11: v128,
  w12: v128,
  w20: v128,
  w21: v128,
  w22: v128,
  u: usize,
  uPlane: usize,
): void {
  const n = pointsOf(form);
  const t0 = weightPoint(form, i, w00, w10, w20);
  const t1 = weightPoint(form, i, w01, w11, w21);
  const t2 = weightPoint(form, i, w02, w12, w22);
  const to = u + uPlane * (i * n);
  v128.store(to, weightPoint(form, 0, t0, t1, t2));
  v128.store(to + uPlane, weightPoint(form, 1, t0, t1, t2));
  v128.store(to + uPlane * 2, weightPoint(form, 2, t0, t1, t2));
  if (n > 3) v128.store(to + uPlane * 3, weightPoint(form, 3, t0, t1, t2));
  if (n > 4) v128.store(to + uPlane * 4, weightPoint(form, 4, t0, t1, t2));
  if (n > 4) v128.store(to + uPlane * 5, weightPoint(form, 5, t0, t1, t2));
}

/**
 * Prepares U, and its transposed copy where `transposed` is not 0, from w [3][3][inputs][outputs];
 * part `part` of `parts` does a range of the blocks of outputs.
 */
export function winogradWeights(
  part: i32,
  parts: i32,
  form: i32,
  w: usize,
  inputs: i32,
  outputs: i32,
  u: usize,
  transposed: usize,
): void {
  const inBlocks = (inputs + 3) >> 2;
  const outBlocks = (outputs + 3) >> 2;
  const uPlane = planeBytes(outBlocks, (<usize>inBlocks) << 6);
  const tPlane = planeBytes(inBlocks, (<usize>outBlocks) << 6);
  const n = pointsOf(form);
  const end = (outBlocks * (part + 1)) / parts;
  for (let out = (outBlocks * part) / parts; out < end; out++) {
    const lanes = outputs - out * 4;
    for (let block = 0; block < inBlocks; block++) {
      const rows = inputs - block * 4;
      const source = w + ((<usize>(block * 4 * outputs + out * 4)) << 2);
      const to = u + ((<usize>(out * inBlocks + block)) << 6);
      if (form == F43) transformBlock(F43, source, inputs, outputs, lanes, rows, to, uPlane);
      else if (form == F23) transformBlock(F23, source, inputs, outputs, lanes, rows, to, uPlane);
      else transformBlock(PAIR, source, inputs, outputs, lanes, rows, to, uPlane);
      if (transposed == 0) continue;
      const mirrored = transposed + ((<usize>(block * outBlocks + out)) << 6);
      for (let point = 0; point < n * n; point++) {
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

/** dw = Gᵀ·dU·G, from dU in the layout of U. `lines` is scratch of 18 vectors. */
// @ts-ignore: decorator
@inline
function storeWeightGradients(
  form: i32,
  du: usize,
  inputs: i32,
  outputs: i32,
  dw: usize,
  lines: usize,
): void {
  const n = pointsOf(form);
  const inBlocks = (inputs + 3) >> 2;
  const outBlocks = (outputs + 3) >> 2;
  const plane = planeBytes(outBlocks, (<usize>inBlocks) << 6);
  const tap = (<usize>(inputs * outputs)) << 2;
  for (let out = 0; out < outBlocks; out++) {
    const lanes = outputs - out * 4;
    for (let input = 0; input < inputs; input++) {
      let p = du + ((<usize>(out * inBlocks * 4 + input)) << 4);
      for (let j = 0; j < n; j++) {
        const down = plane * n;
        const u0 = v128.load(p);
        const u1 = v128.load(p + down);
        const u2 = v128.load(p + down * 2);
        const u3 = form == PAIR ? u0 : v128.load(p + down * 3);
        const u4 = form == F43 ? v128.load(p + down * 4) : u0;
        const u5 = form == F43 ? v128.load(p + down * 5) : u0;
        const t = lines + ((<usize>j) << 4);
        v128.store(t, weightGradient(form, 0, u0, u1, u2, u3, u4, u5));
        v128.store(t + 96, weightGradient(form, 1, u0, u1, u2, u3, u4, u5));
        v128.store(t + 192, weightGradient(form, 2, u0, u1, u2, u3, u4, u5));
        p += plane;
      }
      let to = dw + ((<usize>(input * outputs + out * 4)) << 2);
      for (let y = 0; y < 3; y++) {
        const t = lines + <usize>y * 96;
        const u0 = v128.load(t);
        const u1 = v128.load(t + 16);
        const u2 = v128.load(t + 32);
        const u3 = form == PAIR ? u0 : v128.load(t + 48);
        const u4 = form == F43 ? v128.load(t + 64) : u0;
        const u5 = form == F43 ? v128.load(t + 80) : u0;
        storeLanes(to, weightGradient(form, 0, u0, u1, u2, u3, u4, u5), lanes);
        storeLanes(to + tap, weightGradient(form, 1, u0, u1, u2, u3, u4, u5), lanes);
        storeLanes(to + tap * 2, weightGradient(form, 2, u0, u1, u2, u3, u4, u5), lanes);
        to += tap * 3;
      }
    }
  }
}

export function winogradWeightGradients(
  form: i32,
  du: usize,
  inputs: i32,
  outputs: i32,
  dw: usize,
  lines: usize,
): void {
  if (form == F43) storeWeightGradients(F43, du, inputs, outputs, dw, lines);
  else if (form == F23) storeWeightGradients(F23, du, inputs, outputs, dw, lines);
  else storeWeightGradients(PAIR, du, inputs, outputs, dw, lines);
}
