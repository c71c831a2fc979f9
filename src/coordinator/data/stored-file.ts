/** A whole data set in a file, of the layout of `data-set-layout.ts`, without its pixels in memory. */
import { createHash } from 'node:crypto';
import {
  digestHeader,
  layoutOf,
  viewStoredSet,
  type DataSetSizes,
} from '../../shared/data/data-set-layout.js';
import { stampOf } from '../../shared/data/stored-images.js';
import type { StoredSet } from '../../shared/data/stored-set.js';
import { LockstepError } from '../../shared/errors.js';
import { allocateShared } from './shared-memory.js';
import { readRange, withFile } from './read-file.js';

const CHUNK_BYTES = 1 << 20;

/** The digest of the data set that a file holds; null where its length is another. */
export function digestOfFile(path: string, sizes: DataSetSizes, classes: number): string | null {
  return withFile(path, (descriptor, size) => {
    if (size !== layoutOf(sizes).byteLength) return null;
    const hash = createHash('sha256').update(digestHeader(sizes, classes));
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size));
    for (let at = 0; at < size; at += chunk.length) {
      const part = chunk.subarray(0, Math.min(chunk.length, size - at));
      readRange(descriptor, part, at, path);
      hash.update(part);
    }
    return hash.digest('hex');
  });
}

/** Whether the file is there, and holds the data set of that digest. */
export function holds(path: string, sizes: DataSetSizes, classes: number, digest: string): boolean {
  try {
    return digestOfFile(path, sizes, classes) === digest;
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    return false;
  }
}

/** The sets of a file whose digest was looked at. */
export function openStored(
  path: string,
  sizes: DataSetSizes,
  classes: readonly string[],
): { readonly train: StoredSet; readonly test: StoredSet } {
  const { trainCount, testCount } = sizes;
  const { trainLabels, testLabels } = layoutOf(sizes);
  const labels = new Uint16Array(allocateShared(2 * (trainCount + testCount)));
  const bytes = new Uint8Array(labels.buffer);
  withFile(path, (descriptor) => {
    readRange(descriptor, bytes.subarray(0, 2 * trainCount), trainLabels, path);
    readRange(descriptor, bytes.subarray(2 * trainCount), testLabels, path);
  });
  return viewStoredSet({ file: path, stamp: stampOf(path) }, labels, sizes, classes);
}
