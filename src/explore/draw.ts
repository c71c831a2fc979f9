import { philox4x32 } from '../shared/numerics/philox.js';

/** At most `most` of the values, drawn without repeats by the seed (the head of a shuffle). */
export function drawn(values: readonly number[], most: number, seed: number): number[] {
  const pool = [...values];
  const words = new Uint32Array(4);
  const count = Math.min(most, pool.length);
  for (let i = 0; i < count; i++) {
    philox4x32(i, 0, 0, 0, seed, 2, words);
    const from = i + Math.floor((words[0]! / 4294967296) * (pool.length - i));
    [pool[i], pool[from]] = [pool[from]!, pool[i]!];
  }
  return pool.slice(0, count);
}
