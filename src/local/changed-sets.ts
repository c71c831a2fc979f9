import { allocateShared } from '../coordinator/data/shared-memory.js';
import type { ImageSet } from '../shared/data/image-set.js';
import { pixelsOf } from '../shared/data/image-shape.js';
import { IMAGE_VARIANTS } from '../shared/evaluation/variants.js';

export interface ChangedSet {
  readonly variant: string;
  readonly change: string;
  readonly set: ImageSet;
}

/** A set as it is, and under each change, with the same labels. */
export function changedSets(set: ImageSet): readonly ChangedSet[] {
  const bytes = pixelsOf(set.shape);
  const changed = IMAGE_VARIANTS.map(({ name, change, apply }) => {
    const pixels = new Uint8Array(allocateShared(set.pixels.length));
    for (let i = 0; i < set.count; i++) {
      const image = set.pixels.subarray(i * bytes, (i + 1) * bytes);
      pixels.set(apply(image, set.shape, i), i * bytes);
    }
    return { variant: name, change, set: { ...set, pixels } };
  });
  return [{ variant: 'as they are', change: 'none', set }, ...changed];
}
