/**
 * Proof that each sample of a step counted exactly once: whoever reads a sample's pixels adds a
 * 64-bit hash of (epoch, sample, label) to a sum modulo 2⁶⁴; the coordinator makes the same sum
 * from the epoch plan and compares. A sum does not depend on the order, and a sample that is left
 * out, doubled, exchanged or given another label changes it (but for one case in 2⁶⁴).
 *
 * 64-bit values are pairs of uint32, low word first; no BigInt, for speed.
 */
export type Uint64 = readonly [low: number, high: number];

/** First 64 bits of the fraction of π: two starts that have nothing to do with each other. */
const START_LOW = 0x243f6a88;
const START_HIGH = 0x85a308d3;

/** The finaliser of MurmurHash3 (Appleby): a bijection in which each bit reaches every bit. */
function mix(word: number): number {
  let h = word;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Weyl steps keep (0, 0, 0) and equal neighbours from cancelling. */
function hashWord(start: number, epoch: number, sample: number, label: number): number {
  let h = mix((start + epoch) | 0);
  h = mix(((h ^ sample) + 0x9e3779b9) | 0);
  return mix(((h ^ label) + 0xbb67ae85) | 0) >>> 0;
}

/** `epoch`, `sample` and `label`: integers in [0, 2³²). */
export function sampleHash(epoch: number, sample: number, label: number): Uint64 {
  return [hashWord(START_LOW, epoch, sample, label), hashWord(START_HIGH, epoch, sample, label)];
}

/**
 * Adds one sample to the sum held in `sum[offset]` (low word) and `sum[offset + 1]` (high word).
 * For the compute threads: allocates nothing.
 */
export function addSample(
  sum: Uint32Array,
  offset: number,
  epoch: number,
  sample: number,
  label: number,
): void {
  const before = sum[offset]!;
  const low = (before + hashWord(START_LOW, epoch, sample, label)) >>> 0;
  const carry = low < before ? 1 : 0;
  sum[offset] = low;
  sum[offset + 1] = sum[offset + 1]! + hashWord(START_HIGH, epoch, sample, label) + carry;
}

/** (a + b) modulo 2⁶⁴. */
export function addProofs(a: Uint64, b: Uint64): Uint64 {
  const low = (a[0] + b[0]) >>> 0;
  const carry = low < a[0] ? 1 : 0;
  return [low, (a[1] + b[1] + carry) >>> 0];
}

/**
 * The sum that the given samples must yield: `samples` are indices into `labels`, which holds
 * the labels of the whole set.
 */
export function expectedProof(
  samples: ArrayLike<number>,
  labels: ArrayLike<number>,
  epoch: number,
): Uint64 {
  const sum = new Uint32Array(2);
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i]!;
    addSample(sum, 0, epoch, sample, labels[sample]!);
  }
  return [sum[0]!, sum[1]!];
}
