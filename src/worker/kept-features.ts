import type { ImageSet } from '../shared/data/image-set.js';
import type { BuiltProgram, KeptFeatures } from './engine/engine.js';

/**
 * Memory for what frozen layers compute of each sample of the sets: for as many sets, from the first
 * on, as `limit` bytes are enough for. `isChanged`: whether samples of the first set are changed in
 * training, so that little is known of them; its place is better used for others.
 */
export function allocateKept(
  { frozen }: Pick<BuiltProgram, 'frozen'>,
  sets: readonly Pick<ImageSet, 'count'>[],
  limit: number,
  isChanged: boolean,
): readonly (KeptFeatures | null)[] {
  let left = frozen === undefined ? 0 : limit;
  return sets.map(({ count }, i) => {
    const bytes = count * (frozen?.sampleBytes ?? 0) + count;
    if (bytes > left || (i === 0 && isChanged)) return null;
    left -= bytes;
    return {
      values: new Uint8Array(new SharedArrayBuffer(bytes - count)),
      known: new Uint8Array(new SharedArrayBuffer(count)),
    };
  });
}
