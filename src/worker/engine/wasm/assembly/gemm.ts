/**
 * Matrix products over blocked operands, cut into tiles of 4 rows by 8 columns (gemm-row-tile.ts, gemm-column-tile.ts).
 * Columns stand outermost, so that a panel of B stays in the first cache while rows pass.
 */
import { loadLanes } from './simd';
import { STRIDED, columnTile } from './gemm-column-tile';
import { rowTile } from './gemm-row-tile';

/**
 * C[m][n] = start[n] + Σ_k A[m][k]·B[k][n]
 *
 *   A   element (m, k) at a + m·aRow + ⌊k/4⌋·aQuad + (k mod 4)·4
 *   B   vector (k, n4) at b + n4·bColumn + k·16
 *   C   vector (m, n4) at c + m·cRow + n4·cColumn
 *   bias      of `columns` channels, or 0 for none
 *   columns   channels n; C's lanes behind them get sums of B's
 *   flags     ACCUMULATE, RELU
 */
export function gemmRows(
  a: usize,
  aRow: usize,
  aQuad: usize,
  b: usize,
  bColumn: usize,
  c: usize,
  cRow: usize,
  cColumn: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  bias: usize,
  flags: i32,
): void {
  for (let n = 0; n < columns; n += 8) {
    const pair = columns - n > 4;
    const second = pair ? bColumn : 0;
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    if (bias) {
      s0 = loadLanes(bias + ((<usize>n) << 2), columns - n);
      if (pair) s1 = loadLanes(bias + ((<usize>(n + 4)) << 2), columns - n - 4);
    }
    let a0 = a;
    let c0 = c;
    for (let m = 0; m < rows; m += 4) {
      // Rows past the last one repeat the first and are not stored.
      const left = rows - m;
      const one = left > 1 ? 1 : 0;
      const two = left > 2 ? 2 : 0;
      const three = left > 3 ? 3 : 0;
      rowTile(
        a0,
        a0 + aRow * one,
        a0 + aRow * two,
        a0 + aRow * three,
        aQuad,
        false,
        0,
        1,
        depth,
        b,
        b + second,
        s0,
        s1,
        c0,
        c0 + cRow,
        c0 + cRow * 2,
        c0 + cRow * 3,
        cColumn,
        left,
        pair,
        flags,
      );
      a0 += aRow * 4;
      c0 += cRow * 4;
    }
    b += bColumn * 2;
    c += cColumn * 2;
  }
}

/**
 * C[m][n] (+)= Σ_k A[k][m]·B[k][n], a sum over samples or positions k
 *
 *   A   element (k, m) at a + k·aStep + ⌊m/4⌋·aBlock + (m mod 4)·4
 *   B   vector (k, n4) at b + k·bStep + n4·bColumn
 *   C   vector (m, n4) at c + m·cRow + n4·cColumn; exactly rows × columns elements are written
 */
export function gemmColumns(
  a: usize,
  aStep: usize,
  aBlock: usize,
  b: usize,
  bStep: usize,
  bColumn: usize,
  c: usize,
  cRow: usize,
  cColumn: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  accumulate: bool,
): void {
  for (let n = 0; n < columns; n += 8) {
    const second = columns - n > 4 ? bColumn : 0;
    let a0 = a;
    let c0 = c;
    for (let m = 0; m < rows; m += 4) {
      columnTile(
        STRIDED,
        a0,
        0,
        0,
        0,
        aStep,
        0,
        b,
        b + second,
        bStep,
        depth,
        c0,
        cRow,
        cColumn,
        rows - m,
        columns - n,
        accumulate,
      );
      a0 += aBlock;
      c0 += cRow * 4;
    }
    b += bColumn * 2;
    c += cColumn * 2;
  }
}
