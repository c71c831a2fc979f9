import { formatBytes } from '../shared/format.js';
import type { ImageSet } from '../shared/data/image-set.js';
import type { BuiltProgram, KeptFeatures } from './engine/engine.js';

/**
 * Memory for what frozen layers compute of each sample of the sets: for as many sets, from the first
 * on, as `limit` bytes are enough for. `isChanged`: whether samples of the first set are changed in
 * training, so that little is known of them; its place is better used for others.
 * `notice`: told of sets that there is no memory for.
 */
export function allocateKept(
  { frozen }: Pick<BuiltProgram, 'frozen'>,
  sets: readonly Pick<ImageSet, 'count'>[],
  limit: number,
  isChanged: boolean,
  notice: (text: string) => void,
): readonly (KeptFeatures | null)[] {
  let left = frozen === undefined ? 0 : limit;
  return sets.map(({ count }, i) => {
    const bytes = count * (frozen?.sampleBytes ?? 0) + count;
    if (limit === 0 || frozen === undefined || (i === 0 && isChanged)) return null;
    const kept = bytes <= left ? memoryFor(bytes - count, count) : null;
    if (kept === null) {
      const why =
        bytes > left
          ? `of keepFeatures, ${formatBytes(left)} are left`
          : 'there is not so much memory here';
      notice(
        `What frozen layers compute of ${count.toLocaleString('en')} images needs ${formatBytes(bytes)}, and ${why}: it is computed anew each time.`,
      );
      return null;
    }
    left -= bytes;
    return kept;
  });
}

/** null: there is none. */
function memoryFor(values: number, samples: number): KeptFeatures | null {
  try {
    return {
      values: new Uint8Array(new SharedArrayBuffer(values)),
      known: new Uint8Array(new SharedArrayBuffer(samples)),
    };
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
