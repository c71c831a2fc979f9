/**
 * What float arithmetic this thread really does. Native code built with -ffast-math sets
 * flush-to-zero for the thread that loads it, WebAssembly included. Bits of the answer:
 *
 *   1   denormals are kept, as results           (scalar and vector, float32 and float64)
 *   2   denormals are kept, as operands
 *   4   results are rounded to nearest, ties to even
 *   8   −0 is kept
 *   16  multiply-add rounds once (relaxed build only)
 *
 * All is computed from `one`, which must be 1, so that no compiler can do it beforehand.
 */
export function floatEnvironment(one: f32): i32 {
  let bits = 0;
  const wide = <f64>one;
  const vector = f32x4.splat(one);

  const least = one * 1.17549435e-38; // 2^-126
  const half = least * 0.5;
  const halves = f32x4.mul(f32x4.mul(vector, f32x4.splat(1.17549435e-38)), f32x4.splat(0.5));
  const wideHalf = wide * 2.2250738585072014e-308 * 0.5; // 2^-1022 / 2
  const kept =
    reinterpret<u32>(half) == 0x00400000 &&
    i32x4.all_true(i32x4.eq(halves, i32x4.splat(0x00400000))) &&
    reinterpret<u64>(wideHalf) == 0x0008000000000000;
  if (kept) bits |= 1;

  const denormal = reinterpret<f32>(<u32>one); // 2^-149
  const denormals = i32x4.splat(<i32>one);
  const scale = one * 8388608.0; // 2^23
  const wideDenormal = reinterpret<f64>(<u64>wide); // 2^-1074
  const read =
    reinterpret<u32>(denormal * scale) == 0x00800000 &&
    i32x4.all_true(
      i32x4.eq(f32x4.mul(denormals, f32x4.splat(scale)), i32x4.splat(0x00800000)),
    ) &&
    reinterpret<u64>(wideDenormal * (wide * 4503599627370496.0)) == 0x0010000000000000;
  if (read) bits |= 2;

  const ulp: f32 = 1.1920928955078125e-7; // 2^-23
  const rounded =
    one + ulp * 0.5 == 1 &&
    one + ulp * 0.75 == 1 + ulp &&
    one + ulp + ulp * 0.5 == 1 + ulp * 2 &&
    -one - ulp * 0.5 == -1 &&
    -one - ulp * 0.75 == -1 - ulp &&
    i32x4.all_true(
      f32x4.eq(f32x4.add(vector, f32x4(ulp * 0.5, ulp * 0.75, ulp * 0.5, ulp * 0.75)), f32x4(1, 1 + ulp, 1, 1 + ulp)),
    ) &&
    wide + 1.1102230246251565e-16 == 1 &&
    wide + 1.6653345369377348e-16 == 1.0000000000000002;
  if (rounded) bits |= 4;

  const negative = reinterpret<u32>(one * -0.0) == 0x80000000;
  const negatives = i32x4.eq(f32x4.mul(vector, f32x4.splat(-0.0)), i32x4.splat(0x80000000));
  if (negative && i32x4.all_true(negatives)) bits |= 8;

  if (ASC_FEATURE_RELAXED_SIMD) {
    // (1 + 2^-12)² − (1 + 2^-11) is 2^-24, which only an unrounded product holds.
    const a = f32x4.add(vector, f32x4.splat(0.000244140625));
    const c = f32x4.sub(f32x4.splat(-0.00048828125), vector);
    const rest = f32x4.relaxed_madd(a, a, c);
    if (f32x4.extract_lane(rest, 0) == 5.9604644775390625e-8) bits |= 16;
  }
  return bits;
}
