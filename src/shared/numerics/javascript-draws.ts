import { philox4x32 } from './philox.js';
import { PURPOSE, seedKey, streamWord } from './streams.js';

/**
 * What stands in for Math.random while a layer that draws in JavaScript computes a micro-batch:
 * numbers in [0, 1) with 53 random bits, the same whoever computes it.
 */
export function javascriptDraws(seed: number, step: number, microBatch: number): () => number {
  const [key0, key1] = seedKey(seed);
  const stream = streamWord(PURPOSE.javascript, 0);
  const words = new Uint32Array(4);
  let drawn = 0;
  return () => {
    const half = drawn & 1;
    if (half === 0) philox4x32(drawn >>> 1, microBatch, step, stream, key0, key1, words);
    drawn += 1;
    // ⌊high / 2^5⌋ · 2^26 + ⌊low / 2^6⌋ has 53 bits.
    const [high, low] = [words[2 * half]!, words[2 * half + 1]!];
    return ((high >>> 5) * 67108864 + (low >>> 6)) / 9007199254740992;
  };
}
