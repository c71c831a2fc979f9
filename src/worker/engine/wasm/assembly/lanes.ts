/** Small helpers of the kernels that work on groups of four channels. */

/** All ones in the lanes below `count`. */
export function laneMask(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

// @ts-ignore: decorator
@inline
export function groups(channels: i32): i32 {
  return (channels + 3) >> 2;
}

/** ((lane 0 + lane 1) + (lane 2 + lane 3)). */
// @ts-ignore: decorator
@inline
export function horizontalSum(value: v128): f32 {
  return (
    f32x4.extract_lane(value, 0) +
    f32x4.extract_lane(value, 1) +
    (f32x4.extract_lane(value, 2) + f32x4.extract_lane(value, 3))
  );
}

/** Zeros `vectors` vectors of 16 bytes. */
export function zeroVectors(address: usize, vectors: i32): void {
  const end = address + (<usize>vectors << 4);
  const zero = i32x4.splat(0);
  for (; address < end; address += 16) v128.store(address, zero);
}

/** Copies `vectors` vectors of 16 bytes. */
export function copyVectorRun(from: usize, to: usize, vectors: i32): void {
  const end = from + (<usize>vectors << 4);
  for (; from < end; from += 16, to += 16) v128.store(to, v128.load(from));
}
