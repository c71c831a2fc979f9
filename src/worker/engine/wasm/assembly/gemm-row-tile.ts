/**
 * The inner loops of all matrix products: a tile of 4 rows by 2 vectors (8 columns) of
 *
 *   C[m][n] = Σ_k A[m][k]·B[k][n]
 *
 * in 8 accumulators; each step of k takes 2 vectors of B and 4 scalars of A, each spread over the
 * lanes of a vector. Steps are written out four times with a real exit between them: V8's register
 * allocator spills accumulators in longer basic blocks. AssemblyScript has no arrays or tuples of
 * vectors in registers, hence the plain text.
 */
import { madd, relu } from './simd';

/** Flags of a product: add to what C holds; apply ReLU at the end. */
export const ACCUMULATE: i32 = 1;
export const RELU: i32 = 2;

/**
 * A tile of a product whose rows of A are broadcast from memory where k runs in groups of four:
 *
 *   a0 … a3   addresses of the four rows; elements 4j … 4j+3 of a row are contiguous
 *   aQuad     bytes from one group of four to the next
 *   indirect  k is cut into `runs` of `run` elements; run i starts at row + table[i] (uint32 bytes)
 *   b0, b1    the two columns of vectors, [k][4]; each run starts at a multiple of 4 elements
 *   s0, s1    what the sums start from (bias or zero)
 *   c0 … c3   where the rows' first vectors go, the second ones cColumn bytes behind
 */
// @ts-ignore: decorator
@inline
export function rowTile(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  aQuad: usize,
  indirect: bool,
  table: usize,
  runs: i32,
  run: i32,
  b0: usize,
  b1: usize,
  s0: v128,
  s1: v128,
  c0: usize,
  c1: usize,
  c2: usize,
  c3: usize,
  cColumn: usize,
  rows: i32,
  pair: bool,
  flags: i32,
): void {
  let x00 = s0;
  let x01 = s1;
  let x10 = s0;
  let x11 = s1;
  let x20 = s0;
  let x21 = s1;
  let x30 = s0;
  let x31 = s1;
  do {
    let p0 = a0;
    let p1 = a1;
    let p2 = a2;
    let p3 = a3;
    if (indirect) {
      const offset: usize = load<u32>(table);
      table += 4;
      p0 += offset;
      p1 += offset;
      p2 += offset;
      p3 += offset;
    }
    let left = run;
    while (true) {
      let u = v128.load(b0);
      let v = v128.load(b1);
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
      if (left == 1) break;
      u = v128.load(b0 + 16);
      v = v128.load(b1 + 16);
      s = v128.load32_splat(p0 + 4);
      x00 = madd(s, u, x00);
      x01 = madd(s, v, x01);
      s = v128.load32_splat(p1 + 4);
      x10 = madd(s, u, x10);
      x11 = madd(s, v, x11);
      s = v128.load32_splat(p2 + 4);
      x20 = madd(s, u, x20);
      x21 = madd(s, v, x21);
      s = v128.load32_splat(p3 + 4);
      x30 = madd(s, u, x30);
      x31 = madd(s, v, x31);
      if (left == 2) break;
      u = v128.load(b0 + 32);
      v = v128.load(b1 + 32);
      s = v128.load32_splat(p0 + 8);
      x00 = madd(s, u, x00);
      x01 = madd(s, v, x01);
      s = v128.load32_splat(p1 + 8);
      x10 = madd(s, u, x10);
      x11 = madd(s, v, x11);
      s = v128.load32_splat(p2 + 8);
      x20 = madd(s, u, x20);
      x21 = madd(s, v, x21);
      s = v128.load32_splat(p3 + 8);
      x30 = madd(s, u, x30);
      x31 = madd(s, v, x31);
      if (left == 3) break;
      u = v128.load(b0 + 48);
      v = v128.load(b1 + 48);
      s = v128.load32_splat(p0 + 12);
      x00 = madd(s, u, x00);
      x01 = madd(s, v, x01);
      s = v128.load32_splat(p1 + 12);
      x10 = madd(s, u, x10);
      x11 = madd(s, v, x11);
      s = v128.load32_splat(p2 + 12);
      x20 = madd(s, u, x20);
      x21 = madd(s, v, x21);
      s = v128.load32_splat(p3 + 12);
      x30 = madd(s, u, x30);
      x31 = madd(s, v, x31);
      left -= 4;
      if (left <= 0) break;
      p0 += aQuad;
      p1 += aQuad;
      p2 += aQuad;
      p3 += aQuad;
      b0 += 64;
      b1 += 64;
    }
    b0 += 64;
    b1 += 64;
    runs--;
  } while (indirect && runs > 0);
  finishRow(c0, cColumn, x00, x01, pair, flags);
  if (rows > 1) finishRow(c1, cColumn, x10, x11, pair, flags);
  if (rows > 2) finishRow(c2, cColumn, x20, x21, pair, flags);
  if (rows > 3) finishRow(c3, cColumn, x30, x31, pair, flags);
}

// @ts-ignore: decorator
@inline
function finishRow(c: usize, cColumn: usize, x: v128, y: v128, pair: bool, flags: i32): void {
  if (flags & ACCUMULATE) {
    x = f32x4.add(v128.load(c), x);
    if (pair) y = f32x4.add(v128.load(c + cColumn), y);
  }
  if (flags & RELU) {
    x = relu(x);
    y = relu(y);
  }
  v128.store(c, x);
  if (pair) v128.store(c + cColumn, y);
}
