/**
 * The inner loop of products that sum over samples or positions, as gemm-row-tile.ts: 4 rows by 2
 * vectors in 8 accumulators, four steps written out with real exits between them.
 */
import { loadLanes, madd, storeLanes } from './simd';

/** Where the four rows of a columnTile stand: side by side, every `aStep` bytes; side by side, at
 * a0 + table[k]; or each at an address of its own, plus table[k]. */
export const STRIDED: i32 = 0;
export const INDEXED: i32 = 1;
export const SCATTERED: i32 = 2;

/**
 * A tile of a product over samples or positions k, C[m][n] = Σ_k A[k][m]·B[k][n]: the four m are
 * four channels of one block of A (lanes of a vector), or four addresses.
 *
 *   b0, b1   the two columns of vectors, one step every bStep bytes
 *   c        row r at c + r·cRow, its second vector cColumn bytes behind the first
 *   rows, lanes   how many of the 4 rows and 8 columns exist; nothing behind them is touched
 */
// @ts-ignore: decorator
@inline
export function columnTile(
  form: i32,
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  aStep: usize,
  table: usize,
  b0: usize,
  b1: usize,
  bStep: usize,
  k: i32,
  c: usize,
  cRow: usize,
  cColumn: usize,
  rows: i32,
  lanes: i32,
  accumulate: bool,
): void {
  let x00 = f32x4.splat(0);
  let x01 = f32x4.splat(0);
  let x10 = f32x4.splat(0);
  let x11 = f32x4.splat(0);
  let x20 = f32x4.splat(0);
  let x21 = f32x4.splat(0);
  let x30 = f32x4.splat(0);
  let x31 = f32x4.splat(0);
  let p0: usize;
  let p1: usize;
  let p2: usize;
  let p3: usize;
  let offset: usize;
  while (true) {
    if (form != STRIDED) {
      offset = load<u32>(table);
      p0 = a0 + offset;
      p1 = form == SCATTERED ? a1 + offset : p0 + 4;
      p2 = form == SCATTERED ? a2 + offset : p0 + 8;
      p3 = form == SCATTERED ? a3 + offset : p0 + 12;
    } else {
      p0 = a0;
      p1 = a0 + 4;
      p2 = a0 + 8;
      p3 = a0 + 12;
      a0 += aStep;
    }
    let u = v128.load(b0);
    let v = v128.load(b1);
    b0 += bStep;
    b1 += bStep;
    let s = v128.load32_splat(p0);
    x00 = madd(s, u, x00);
    x01 = madd(s, v, x01);
    s = v128.load32_splat(p1);
    x10 = madd(s, u, x10);
    x11 = madd(s, v, x11);
    s = v128.load32_splat(p2);
    x20 = madd(s, u, x20);
    x21 = madd(s, v, x21);
    s = v128.load32_splat(p3);
    x30 = madd(s, u, x30);
    x31 = madd(s, v, x31);
    if (k == 1) break;
    if (form != STRIDED) {
      offset = load<u32>(table + 4);
      p0 = a0 + offset;
      p1 = form == SCATTERED ? a1 + offset : p0 + 4;
      p2 = form == SCATTERED ? a2 + offset : p0 + 8;
      p3 = form == SCATTERED ? a3 + offset : p0 + 12;
    } else {
      p0 = a0;
      p1 = a0 + 4;
      p2 = a0 + 8;
      p3 = a0 + 12;
      a0 += aStep;
    }
    u = v128.load(b0);
    v = v128.load(b1);
    b0 += bStep;
    b1 += bStep;
    s = v128.load32_splat(p0);
    x00 = madd(s, u, x00);
    x01 = madd(s, v, x01);
    s = v128.load32_splat(p1);
    x10 = madd(s, u, x10);
    x11 = madd(s, v, x11);
    s = v128.load32_splat(p2);
    x20 = madd(s, u, x20);
    x21 = madd(s, v, x21);
    s = v128.load32_splat(p3);
    x30 = madd(s, u, x30);
    x31 = madd(s, v, x31);
    if (k == 2) break;
    if (form != STRIDED) {
      offset = load<u32>(table + 8);
      p0 = a0 + offset;
      p1 = form == SCATTERED ? a1 + offset : p0 + 4;
      p2 = form == SCATTERED ? a2 + offset : p0 + 8;
      p3 = form == SCATTERED ? a3 + offset : p0 + 12;
    } else {
      p0 = a0;
      p1 = a0 + 4;
      p2 = a0 + 8;
      p3 = a0 + 12;
      a0 += aStep;
    }
    u = v128.load(b0);
    v = v128.load(b1);
    b0 += bStep;
    b1 += bStep;
    s = v128.load32_splat(p0);
    x00 = madd(s, u, x00);
    x01 = madd(s, v, x01);
    s = v128.load32_splat(p1);
    x10 = madd(s, u, x10);
    x11 = madd(s, v, x11);
    s = v128.load32_splat(p2);
    x20 = madd(s, u, x20);
    x21 = madd(s, v, x21);
    s = v128.load32_splat(p3);
    x30 = madd(s, u, x30);
    x31 = madd(s, v, x31);
    if (k == 3) break;
    if (form != STRIDED) {
      offset = load<u32>(table + 12);
      p0 = a0 + offset;
      p1 = form == SCATTERED ? a1 + offset : p0 + 4;
      p2 = form == SCATTERED ? a2 + offset : p0 + 8;
      p3 = form == SCATTERED ? a3 + offset : p0 + 12;
    } else {
      p0 = a0;
      p1 = a0 + 4;
      p2 = a0 + 8;
      p3 = a0 + 12;
      a0 += aStep;
    }
    u = v128.load(b0);
    v = v128.load(b1);
    b0 += bStep;
    b1 += bStep;
    s = v128.load32_splat(p0);
    x00 = madd(s, u, x00);
    x01 = madd(s, v, x01);
    s = v128.load32_splat(p1);
    x10 = madd(s, u, x10);
    x11 = madd(s, v, x11);
    s = v128.load32_splat(p2);
    x20 = madd(s, u, x20);
    x21 = madd(s, v, x21);
    s = v128.load32_splat(p3);
    x30 = madd(s, u, x30);
    x31 = madd(s, v, x31);
    k -= 4;
    if (k <= 0) break;
    if (form != STRIDED) table += 16;
  }
  finishLanes(c, cColumn, x00, x01, lanes, accumulate);
  if (rows > 1) finishLanes(c + cRow, cColumn, x10, x11, lanes, accumulate);
  if (rows > 2) finishLanes(c + cRow * 2, cColumn, x20, x21, lanes, accumulate);
  if (rows > 3) finishLanes(c + cRow * 3, cColumn, x30, x31, lanes, accumulate);
}

// @ts-ignore: decorator
@inline
function finishLanes(
  c: usize,
  cColumn: usize,
  x: v128,
  y: v128,
  lanes: i32,
  accumulate: bool,
): void {
  if (lanes >= 8) {
    if (accumulate) {
      x = f32x4.add(v128.load(c), x);
      y = f32x4.add(v128.load(c + cColumn), y);
    }
    v128.store(c, x);
    v128.store(c + cColumn, y);
    return;
  }
  finishSomeLanes(c, x, lanes, accumulate);
  if (lanes > 4) finishSomeLanes(c + cColumn, y, lanes - 4, accumulate);
}

function finishSomeLanes(c: usize, x: v128, lanes: i32, accumulate: bool): void {
  if (accumulate) x = f32x4.add(loadLanes(c, lanes), x);
  storeLanes(c, x, lanes);
}
