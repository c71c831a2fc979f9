/**
 * A 64-bit digest of a float32 vector that can be taken in slices: the sum Σ bits(xᵢ)·Kᵢ mod 2^64
 * over all elements, Kᵢ an odd key made of i, and then a mix of the sum and the length. It tells
 * copies apart that differ by accident; it is no defence against a forger.
 *
 * The kernel `digestSlice` computes a slice's sum at memory speed; this is the same in JavaScript.
 */

/** 32-bit finalizer of MurmurHash3 (A. Appleby). */
function mix32(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * The part of a slice whose first element is number `firstElement` of the whole vector. Parts of
 * disjoint slices add up, mod 2^64, to the part of their union.
 */
export function digestSlice(values: Float32Array, firstElement: number): bigint {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let low = 0; // the sum mod 2^32
  let high = 0; // the sum's upper word, mod 2^32
  for (let i = 0; i < words.length; i++) {
    const bits = words[i]!;
    const keyHigh = mix32(firstElement + i);
    const keyLow = Math.imul(keyHigh, 0x9e3779b1) | 1;
    // bits·keyLow in halves of 16 bits: every term stays below 2^53.
    const a = bits & 0xffff;
    const b = bits >>> 16;
    const key = keyLow >>> 0;
    const middle = b * (key & 0xffff) + (((a * (key & 0xffff)) / 65536) >>> 0);
    const cross = (middle & 0xffff) + a * (key >>> 16);
    const upper = b * (key >>> 16) + Math.floor(middle / 65536) + Math.floor(cross / 65536);
    const product = Math.imul(bits, keyLow) >>> 0;
    low += product;
    high = (high + upper + Math.imul(bits, keyHigh)) | 0;
    if (low >= 4294967296) {
      low -= 4294967296;
      high = (high + 1) | 0;
    }
  }
  return (BigInt(high >>> 0) << 32n) | BigInt(low);
}

/** The digest of a vector of `elements` whose slices sum to `sum`: 16 hexadecimal digits. */
export function finishDigest(sum: bigint, elements: number): string {
  let h = BigInt.asUintN(64, sum ^ (BigInt(elements) * 0x9e3779b97f4a7c15n));
  // Finalizer of MurmurHash3, 64 bits.
  h = BigInt.asUintN(64, (h ^ (h >> 33n)) * 0xff51afd7ed558ccdn);
  h = BigInt.asUintN(64, (h ^ (h >> 33n)) * 0xc4ceb9fe1a85ec53n);
  h ^= h >> 33n;
  return h.toString(16).padStart(16, '0');
}
