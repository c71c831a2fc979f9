import type { Control } from './control.js';
import type { Lineage } from './names.js';

const OFFSET_BASIS = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

/**
 * 64-bit FNV-1a over UTF-16 code units, then the finalizer of MurmurHash3, so that every bit of
 * the text reaches every bit of the result. It guards against mistakes, not against attackers.
 */
export function hash64(text: string): string {
  let hash = OFFSET_BASIS;
  for (let i = 0; i < text.length; i++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i))) * PRIME);
  }
  hash ^= hash >> 33n;
  hash = BigInt.asUintN(64, hash * 0xff51afd7ed558ccdn);
  hash ^= hash >> 33n;
  hash = BigInt.asUintN(64, hash * 0xc4ceb9fe1a85ec53n);
  hash ^= hash >> 33n;
  return hash.toString(16).padStart(16, '0');
}

/** The first link: of the initial weights of a run. `run` is the digest of the run's identity. */
export function firstLineage(run: string): Lineage {
  return hash64(`lockstep 1 ${run}`);
}

/** The link after a step: what the next weights are a function of, and nothing else. */
export function nextLineage(before: Lineage, control: Control, digest: string): Lineage {
  const evaluation = control.evaluation.map(
    ({ set, samples, lossSum, correct }) => [set, samples, lossSum, correct] as const,
  );
  return hash64(
    JSON.stringify([before, control.step, control.learningRateBits, evaluation, digest]),
  );
}
