/**
 * Flat float32 vectors, at any multiple of 4 bytes: rows, weights. Nothing past the last element
 * is read or written.
 */

/** to += from: an inner node of the reduction tree. */
export function addRows(to: usize, from: usize, elements: i32): void {
  let left = elements;
  for (; left >= 8; left -= 8, to += 32, from += 32) {
    const a = f32x4.add(v128.load(to), v128.load(from));
    const b = f32x4.add(v128.load(to, 16), v128.load(from, 16));
    v128.store(to, a);
    v128.store(to, b, 16);
  }
  for (; left > 0; left--, to += 4, from += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
}

/** Index of the first infinity or NaN, or −1. */
export function firstNonFinite(at: usize, elements: i32): i32 {
  const exponent = i32x4.splat(0x7f800000);
  let i = 0;
  for (; i + 16 <= elements; i += 16, at += 64) {
    const a = i32x4.eq(v128.and(v128.load(at), exponent), exponent);
    const b = i32x4.eq(v128.and(v128.load(at, 16), exponent), exponent);
    const c = i32x4.eq(v128.and(v128.load(at, 32), exponent), exponent);
    const d = i32x4.eq(v128.and(v128.load(at, 48), exponent), exponent);
    if (v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) break;
  }
  for (; i < elements; i++, at += 4) {
    if ((load<u32>(at) & 0x7f800000) == 0x7f800000) return i;
  }
  return -1;
}

/** 32-bit finalizer of MurmurHash3 (A. Appleby), four lanes at a time: a bijection. */
// @ts-ignore: decorator
@inline
function mix(h: v128): v128 {
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(0x85ebca6b));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 13)), i32x4.splat(0xc2b2ae35));
  return v128.xor(h, i32x4.shr_u(h, 16));
}

/**
 * A slice's part of a vector's digest: Σ bits(xᵢ)·Kᵢ mod 2^64 over its elements, i counted in the
 * whole vector. Parts of disjoint slices, in any order, add up to the whole. The keys are odd, so
 * a change of one element always shows; a change of several does with probability 1 − 2^-32 or
 * better (multilinear hashing, Lemire & Kaser, Comput. J. 2014). src/shared/numerics/
 * vector-digest.ts has the same in JavaScript, and what makes a digest of the sum.
 */
export function digestSlice(at: usize, elements: i32, firstElement: u32): i64 {
  let index = i32x4.add(i32x4.splat(firstElement), i32x4(0, 1, 2, 3));
  const one = i32x4.splat(1);
  const four = i32x4.splat(4);
  let low = i64x2.splat(0);
  let high = i32x4.splat(0);
  for (let left = elements; left > 0; left -= 4, at += 16) {
    const bits = left >= 4 ? v128.load(at) : loadWords(at, left);
    // Kᵢ = keyHigh·2^32 + keyLow.
    const keyHigh = mix(index);
    const keyLow = v128.or(i32x4.mul(keyHigh, i32x4.splat(0x9e3779b1)), one);
    low = i64x2.add(low, i64x2.extmul_low_i32x4_u(bits, keyLow));
    low = i64x2.add(low, i64x2.extmul_high_i32x4_u(bits, keyLow));
    high = i32x4.add(high, i32x4.mul(bits, keyHigh));
    index = i32x4.add(index, four);
  }
  const highSum =
    i32x4.extract_lane(high, 0) +
    i32x4.extract_lane(high, 1) +
    i32x4.extract_lane(high, 2) +
    i32x4.extract_lane(high, 3);
  return i64x2.extract_lane(low, 0) + i64x2.extract_lane(low, 1) + (<i64>highSum << 32);
}

/** One to three words, zeros behind them. */
function loadWords(at: usize, count: i32): v128 {
  let words = v128.load32_zero(at);
  if (count > 1) words = i32x4.replace_lane(words, 1, load<i32>(at, 4));
  if (count > 2) words = i32x4.replace_lane(words, 2, load<i32>(at, 8));
  return words;
}
