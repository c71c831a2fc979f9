/** One folder's data set, decoded and checked, with its pixels in a file of the cache. */
import { realpathSync } from 'node:fs';
import type { StoredDataSet } from '../../shared/data/data-set.js';
import { FASHION_MNIST_DIGEST } from '../../shared/data/fashion-mnist.js';
import { LockstepError } from '../../shared/errors.js';
import {
  bytesOf,
  entryPath,
  readNoted,
  stampFiles,
  writeNoted,
  type FileStamp,
  type NotedEntry,
} from './decoded-cache.js';
import { allFiles, findDataFiles, type DataFiles } from './find-data-files.js';
import { packIdx } from './pack-idx.js';
import { readDataFolder, type ReadDataFolderOptions } from './read-data-folder.js';
import { digestOfFile, openStored } from './stored-file.js';

/**
 * As `readDataFolder`, but that no more than a piece of the pixels is in memory at a time. Files that
 * are packed, and CSV files, are decoded in memory once; later starts read what that left in the cache.
 * Throws DATA_*.
 */
export function storeDataFolder(options: ReadDataFolderOptions): StoredDataSet {
  const { folder, source, cache, shape } = options;
  const files = findDataFiles(folder);
  const path = entryPath(cache, realpathSync(folder), shape);
  const stamps = stampFiles(allFiles(files));
  const entry = kept(path, stamps, options) ?? made(path, stamps, files, options);
  const { sizes, classes, name, digest } = entry;
  return { ...openStored(bytesOf(path), sizes, classes), name, digest, folder, source };
}

function kept(
  path: string,
  stamps: readonly FileStamp[],
  options: ReadDataFolderOptions,
): NotedEntry | undefined {
  try {
    const entry = readNoted(path, stamps);
    if (entry === undefined || (options.published && entry.digest !== FASHION_MNIST_DIGEST)) {
      return undefined;
    }
    const isWhole = digestOfFile(bytesOf(path), entry.sizes, entry.classes.length) === entry.digest;
    return isWhole ? entry : undefined;
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    options.onNotice?.(`The decoded data set in the cache is made anew: ${error.message}`);
    return undefined;
  }
}

function made(
  path: string,
  stamps: readonly FileStamp[],
  files: DataFiles,
  options: ReadDataFolderOptions,
): NotedEntry {
  const folder = realpathSync(options.folder);
  const isPlain = options.published !== true && options.shape === undefined;
  const packed = !isPlain ? null : packIdx(files, bytesOf(path), folder);
  if (packed === null) {
    // Into the cache, and out of the memory again.
    readDataFolder(options);
  } else {
    writeNoted(path, folder, packed, stamps);
  }
  const entry = readNoted(path, stamps);
  if (entry !== undefined) return entry;
  throw new LockstepError(
    'DATA_OUTPUT_FAILED',
    `${path}.bytes was not kept, and the images of ${options.folder} are not to be held in memory.`,
    {
      where: { file: `${path}.bytes` },
      hint: 'Give the cache room (LOCKSTEP_CACHE names another place), or leave --data-memory out.',
    },
  );
}
