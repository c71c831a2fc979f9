/**
 * Philox4x32-10, the counter-based random generator of Salmon, Moraes, Dror and Shaw, "Parallel
 * random numbers: as easy as 1, 2, 3" (SC 2011, section 4.3): a bijection of a 128-bit counter
 * under a 64-bit key. Only integer operations, so every engine gives the same words.
 */
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
/** ⌊(golden ratio − 1)·2³²⌋ and ⌊(√3 − 1)·2³²⌋: the Weyl steps of the key. */
const KEY_STEP_0 = 0x9e3779b9;
const KEY_STEP_1 = 0xbb67ae85;
const ROUNDS = 10;

const M0_LOW = MULTIPLIER_0 & 0xffff;
const M0_HIGH = MULTIPLIER_0 >>> 16;
const M1_LOW = MULTIPLIER_1 & 0xffff;
const M1_HIGH = MULTIPLIER_1 >>> 16;

/**
 * The upper 32 bits of the 64-bit product of (high·2¹⁶ + low) and `b`. Every partial sum stays
 * below 2³², so int32 arithmetic that wraps and is read as unsigned is exact.
 */
function multiplyHigh(low: number, high: number, b: number): number {
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const carry = (Math.imul(high, bLow) + (Math.imul(low, bLow) >>> 16)) | 0;
  const middle = (Math.imul(low, bHigh) + (carry & 0xffff)) | 0;
  return (Math.imul(high, bHigh) + (carry >>> 16) + (middle >>> 16)) | 0;
}

/**
 * Writes the four uint32 words of one block to `out[offset] … out[offset + 3]`.
 * Counter and key words are taken modulo 2³². What the words of the counter mean is said in
 * `streams.ts`.
 */
export function philox4x32(
  counter0: number,
  counter1: number,
  counter2: number,
  counter3: number,
  key0: number,
  key1: number,
  out: Uint32Array,
  offset = 0,
): void {
  let c0 = counter0 | 0;
  let c1 = counter1 | 0;
  let c2 = counter2 | 0;
  let c3 = counter3 | 0;
  let k0 = key0 | 0;
  let k1 = key1 | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(M0_LOW, M0_HIGH, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(M1_LOW, M1_HIGH, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + KEY_STEP_0) | 0;
    k1 = (k1 + KEY_STEP_1) | 0;
  }
  out[offset] = c0;
  out[offset + 1] = c1;
  out[offset + 2] = c2;
  out[offset + 3] = c3;
}
