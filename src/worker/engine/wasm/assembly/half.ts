/**
 * Vectors as 16-bit floats with one scale for a block, as they travel over slow lines.
 *
 *   for every 256 elements, the last block may be shorter:
 *     int16  k: the elements were multiplied by 2^k
 *     uint16 [elements of the block]: IEEE 754 binary16, rounded to nearest, ties to even
 *
 * k brings the block's largest magnitude into [2^14, 2^15): nothing overflows, and what is smaller
 * by more than 2^28 becomes 0. No subnormal binary16 is made or read. A NaN or infinity becomes a NaN,
 * and does not count as the largest. What is lost by rounding is handed back, to be added to the
 * next vector (error feedback: Seide et al. 2014, "1-bit stochastic gradient descent").
 */
const BLOCK: i32 = 256;
const NOT_FINITE: i32 = 0x7e00;
/** Exponent of float32 less that of binary16, at its place in binary16. */
const REBIAS: i32 = 112 << 10;

/** 2^k for −126 ≤ k ≤ 127. */
// @ts-ignore: decorator
@inline
function power(k: i32): f32 {
  return reinterpret<f32>((k + 127) << 23);
}

/** The largest magnitude's bits among finite elements of values + carry, which is left in `carry`. */
function addCarry(values: usize, carry: usize, elements: i32): u32 {
  let most = i32x4.splat(0);
  const finite = i32x4.splat(0x7f800000);
  let i = 0;
  for (; i + 4 <= elements; i += 4) {
    const at = <usize>i << 2;
    const sum = f32x4.add(v128.load(values + at), v128.load(carry + at));
    const bits = v128.and(sum, i32x4.splat(0x7fffffff));
    most = i32x4.max_s(most, v128.and(bits, i32x4.lt_s(bits, finite)));
    v128.store(carry + at, sum);
  }
  let result = max(
    max(i32x4.extract_lane(most, 0), i32x4.extract_lane(most, 1)),
    max(i32x4.extract_lane(most, 2), i32x4.extract_lane(most, 3)),
  );
  for (; i < elements; i++) {
    const at = <usize>i << 2;
    const sum = load<f32>(values + at) + load<f32>(carry + at);
    const bits = reinterpret<i32>(sum) & 0x7fffffff;
    if (bits < 0x7f800000) result = max(result, bits);
    store<f32>(carry + at, sum);
  }
  return result;
}

/** Four scaled float32 as binary16 in the low halves of the lanes. */
// @ts-ignore: decorator
@inline
function toHalf(scaled: v128): v128 {
  const bits = v128.and(scaled, i32x4.splat(0x7fffffff));
  const odd = v128.and(i32x4.shr_u(bits, 13), i32x4.splat(1));
  const rounded = i32x4.add(i32x4.add(bits, i32x4.splat(0xfff)), odd);
  const half = i32x4.sub(i32x4.shr_u(rounded, 13), i32x4.splat(REBIAS));
  // Below 2^-14: 0.
  const normal = v128.and(half, i32x4.ge_s(bits, i32x4.splat(0x38800000)));
  const finite = i32x4.lt_s(bits, i32x4.splat(0x7f800000));
  const magnitude = v128.bitselect(normal, i32x4.splat(NOT_FINITE), finite);
  return v128.or(magnitude, i32x4.shl(i32x4.shr_u(scaled, 31), 15));
}

/** Four binary16 in the low halves of the lanes as float32; exponent 0 as 0, exponent 31 as NaN. */
// @ts-ignore: decorator
@inline
function fromHalf(half: v128): v128 {
  const magnitude = v128.and(half, i32x4.splat(0x7fff));
  const bits = i32x4.shl(i32x4.add(magnitude, i32x4.splat(REBIAS)), 13);
  const normal = v128.and(bits, i32x4.ge_s(magnitude, i32x4.splat(0x400)));
  const isFinite = i32x4.lt_s(magnitude, i32x4.splat(0x7c00));
  const value = v128.bitselect(normal, i32x4.splat(0x7fc00000), isFinite);
  return v128.or(value, i32x4.shl(i32x4.shr_u(half, 15), 31));
}

/** One to four lanes. */
// @ts-ignore: decorator
@inline
function loadSome(at: usize, lanes: i32): v128 {
  if (lanes >= 4) return v128.load(at);
  let words = v128.load32_zero(at);
  if (lanes > 1) words = i32x4.replace_lane(words, 1, load<i32>(at, 4));
  if (lanes > 2) words = i32x4.replace_lane(words, 2, load<i32>(at, 8));
  return words;
}

/**
 * values + carry, float32 [elements], as halves to `out`; what they are read as replaces `values`,
 * and what is lost by it replaces `carry` (0 where the sum is not finite). Returns the end of `out`.
 */
export function encodeHalf(values: usize, carry: usize, out: usize, elements: i32): usize {
  for (let left = elements; left > 0; left -= BLOCK) {
    const size = min(left, BLOCK);
    const most = addCarry(values, carry, size);
    const k = max(-126, min(126, 141 - <i32>(most >> 23)));
    const up = f32x4.splat(power(k));
    const down = f32x4.splat(power(-k));
    store<i16>(out, <i16>k);
    out += 2;
    for (let i = 0; i < size; i += 4) {
      const lanes = min(4, size - i);
      const sum = loadSome(carry, lanes);
      const half = toHalf(f32x4.mul(sum, up));
      const read = f32x4.mul(fromHalf(half), down);
      const lost = f32x4.sub(sum, read);
      const kept = v128.and(lost, f32x4.eq(lost, lost));
      if (lanes == 4) {
        v128.store64_lane(out, i16x8.narrow_i32x4_u(half, half), 0);
        v128.store(values, read);
        v128.store(carry, kept);
      } else {
        storeSome(out, values, carry, half, read, kept, lanes);
      }
      out += <usize>lanes << 1;
      values += <usize>lanes << 2;
      carry += <usize>lanes << 2;
    }
  }
  return out;
}

/** The first one to three lanes, each to its vector. */
function storeSome(
  out: usize,
  values: usize,
  carry: usize,
  half: v128,
  read: v128,
  kept: v128,
  lanes: i32,
): void {
  const halves = i16x8.narrow_i32x4_u(half, half);
  v128.store16_lane(out, halves, 0);
  v128.store32_lane(values, read, 0);
  v128.store32_lane(carry, kept, 0);
  if (lanes > 1) {
    v128.store16_lane(out + 2, halves, 1);
    v128.store32_lane(values + 4, read, 1);
    v128.store32_lane(carry + 4, kept, 1);
  }
  if (lanes > 2) {
    v128.store16_lane(out + 4, halves, 2);
    v128.store32_lane(values + 8, read, 2);
    v128.store32_lane(carry + 8, kept, 2);
  }
}

/** What `encodeHalf` wrote, as float32 [elements] to `to`; k beyond ±126 counts as that. */
export function decodeHalf(from: usize, to: usize, elements: i32): void {
  for (let left = elements; left > 0; left -= BLOCK) {
    const size = min(left, BLOCK);
    const k = max(-126, min(126, <i32>load<i16>(from)));
    const down = f32x4.splat(power(-k));
    from += 2;
    let i = 0;
    for (; i + 4 <= size; i += 4, from += 8, to += 16) {
      v128.store(to, f32x4.mul(fromHalf(v128.load16x4_u(from)), down));
    }
    for (; i < size; i++, from += 2, to += 4) {
      const read = f32x4.mul(fromHalf(i32x4.splat(load<u16>(from))), down);
      store<f32>(to, f32x4.extract_lane(read, 0));
    }
  }
}
