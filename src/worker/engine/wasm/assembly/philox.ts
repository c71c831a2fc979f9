/**
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3,
 * SC 2011), four blocks at a time: lane j of each vector belongs to counter j.
 */
const MULTIPLIER_0: i32 = 0xd2511f53;
const MULTIPLIER_1: i32 = 0xcd9e8d57;
const WEYL_0: u32 = 0x9e3779b9;
const WEYL_1: u32 = 0xbb67ae85;
const ROUNDS: i32 = 10;

/**
 * Draws the blocks of counters [first + j, counter1, counter2, counter3], j < 4, and stores their
 * 16 words in order: block after block, uint32 [4][4] at `to`.
 */
export function philoxFourBlocks(
  to: usize,
  first: i32,
  counter1: i32,
  counter2: i32,
  counter3: i32,
  key0: u32,
  key1: u32,
): void {
  const m0 = i32x4.splat(MULTIPLIER_0);
  const m1 = i32x4.splat(MULTIPLIER_1);
  let c0 = i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3));
  let c1 = i32x4.splat(counter1);
  let c2 = i32x4.splat(counter2);
  let c3 = i32x4.splat(counter3);
  for (let round = 0; round < ROUNDS; round++) {
    const low0 = i64x2.extmul_low_i32x4_u(c0, m0);
    const high0 = i64x2.extmul_high_i32x4_u(c0, m0);
    const low1 = i64x2.extmul_low_i32x4_u(c2, m1);
    const high1 = i64x2.extmul_high_i32x4_u(c2, m1);
    // Of each 64-bit product the upper halves are the odd words, the lower ones the even.
    c0 = v128.xor(v128.xor(i32x4.shuffle(low1, high1, 1, 3, 5, 7), c1), i32x4.splat(key0));
    c2 = v128.xor(v128.xor(i32x4.shuffle(low0, high0, 1, 3, 5, 7), c3), i32x4.splat(key1));
    c1 = i32x4.shuffle(low1, high1, 0, 2, 4, 6);
    c3 = i32x4.shuffle(low0, high0, 0, 2, 4, 6);
    key0 += WEYL_0;
    key1 += WEYL_1;
  }
  // Transpose: from one vector a word to one vector a block.
  const a = i32x4.shuffle(c0, c1, 0, 4, 1, 5);
  const b = i32x4.shuffle(c2, c3, 0, 4, 1, 5);
  const c = i32x4.shuffle(c0, c1, 2, 6, 3, 7);
  const d = i32x4.shuffle(c2, c3, 2, 6, 3, 7);
  v128.store(to, i32x4.shuffle(a, b, 0, 1, 4, 5));
  v128.store(to, i32x4.shuffle(a, b, 2, 3, 6, 7), 16);
  v128.store(to, i32x4.shuffle(c, d, 0, 1, 4, 5), 32);
  v128.store(to, i32x4.shuffle(c, d, 2, 3, 6, 7), 48);
}
