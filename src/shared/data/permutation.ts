import { philox4x32 } from '../numerics/philox.js';
import { seedKey, streamWord } from '../numerics/streams.js';

/**
 * A shuffled 0 … count − 1, uint32 [count].
 *
 * Fisher–Yates from the end: draw number d = count − 1 − i swaps places i and ⌊u·(i + 1) / 2³²⌋,
 * u being word d mod 4 of block ⌊d / 4⌋ of the stream `purpose` at `moment` (`streams.ts`). The
 * product is a double: exact below 2²¹ samples, and rounded alike everywhere above.
 */
export function permutation(
  seed: number,
  purpose: number,
  moment: number,
  count: number,
): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  const [key0, key1] = seedKey(seed);
  const stream = streamWord(purpose, 0);
  const words = new Uint32Array(4);
  for (let i = count - 1, draw = 0; i > 0; i--, draw++) {
    if ((draw & 3) === 0) philox4x32(draw >>> 2, 0, moment, stream, key0, key1, words);
    const j = Math.floor((words[draw & 3]! * (i + 1)) / 4294967296);
    const taken = order[i]!;
    order[i] = order[j]!;
    order[j] = taken;
  }
  return order;
}
