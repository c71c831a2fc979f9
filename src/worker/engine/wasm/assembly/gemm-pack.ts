/**
 * Weights packed as the operand B of a product, from w [groups][channels][outputs]:
 *
 *   packed       [outputs/4][k][4 outputs]     k = (group·⌈channels/4⌉ + block)·4 + lane
 *   transposed   [k/4][outputs, in fours][4 k]
 *
 * Rows and lanes that have no weight are zeros. Groups are the taps of a window, or, where its
 * image is compact, its rows.
 */
import { loadLanes } from './simd';

/** Each of the two where its address is not 0; part `part` of `parts` of the blocks of outputs. */
export function packWeights(
  part: i32,
  parts: i32,
  w: usize,
  groups: i32,
  channels: i32,
  outputs: i32,
  packed: usize,
  transposed: usize,
): void {
  const blocks = (channels + 3) >> 2;
  const outBlocks = (outputs + 3) >> 2;
  const quads = groups * blocks;
  const row = (<usize>outputs) << 2;
  const end = (outBlocks * (part + 1)) / parts;
  for (let out = (outBlocks * part) / parts; out < end; out++) {
    const lanes = outputs - out * 4;
    let quad = 0;
    for (let group = 0; group < groups; group++) {
      for (let block = 0; block < blocks; block++) {
        const rows = channels - block * 4;
        const first = group * channels + block * 4;
        const from = w + row * first + ((<usize>out) << 4);
        const a = loadLanes(from, lanes);
        const b = rows > 1 ? loadLanes(from + row, lanes) : f32x4.splat(0);
        const c = rows > 2 ? loadLanes(from + row * 2, lanes) : f32x4.splat(0);
        const d = rows > 3 ? loadLanes(from + row * 3, lanes) : f32x4.splat(0);
        if (packed) storeQuad(packed + ((<usize>(out * quads + quad)) << 6), a, b, c, d);
        if (transposed) {
          storeQuadTransposed(transposed + ((<usize>(quad * outBlocks + out)) << 6), a, b, c, d);
        }
        quad++;
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function storeQuad(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(to, a);
  v128.store(to + 16, b);
  v128.store(to + 32, c);
  v128.store(to + 48, d);
}

/** Four rows of four lanes, transposed. */
// @ts-ignore: decorator
@inline
export function storeQuadTransposed(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
  v128.store(to + 16, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
  const ef = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const gh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to + 32, v128.shuffle<f32>(ef, gh, 0, 1, 4, 5));
  v128.store(to + 48, v128.shuffle<f32>(ef, gh, 2, 3, 6, 7));
}
