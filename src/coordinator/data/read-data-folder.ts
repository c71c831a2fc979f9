/** One folder's data set: decoded, checked, in shared memory; from the cache where that is sound. */
import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { layoutOf, viewDataSet } from '../../shared/data/data-set-layout.js';
import type { DataListener } from '../../shared/data/data-progress.js';
import type { DataSet } from '../../shared/data/data-set.js';
import {
  FASHION_MNIST_CLASSES,
  FASHION_MNIST_DIGEST,
  FASHION_MNIST_NAME,
} from '../../shared/data/fashion-mnist.js';
import type { ImageShape } from '../../shared/data/image-set.js';
import { LockstepError } from '../../shared/errors.js';
import { decodeFolder, type DecodedFolder } from './decode-folder.js';
import {
  digestOf,
  entryPath,
  readEntry,
  stampFiles,
  writeEntry,
  type DecodedEntry,
  type FileStamp,
} from './decoded-cache.js';
import { allocateShared } from './shared-memory.js';
import { allFiles, findDataFiles } from './find-data-files.js';
import { checkPublished } from './published-check.js';

export interface ReadDataFolderOptions extends DataListener {
  readonly folder: string;
  /** For people. */
  readonly source: string;
  /** Where decoded sets are kept. */
  readonly cache: string;
  readonly shape?: ImageShape | undefined;
  /** Whether the folder must hold the published Fashion-MNIST. */
  readonly published?: boolean | undefined;
}

/** @throws LockstepError DATA_* naming file, place and remedy */
export function readDataFolder(options: ReadDataFolderOptions): DataSet {
  const files = findDataFiles(options.folder);
  const paths = allFiles(files);
  const stamps = stampFiles(paths);
  const path = entryPath(options.cache, realpathSync(options.folder), options.shape);
  const kept = readKept(path, stamps, options);
  if (kept !== undefined) return dataSetOf(kept, options);

  const decoded = decodeFolder(files, options.shape, (file) =>
    options.onProgress?.({ phase: 'decode', subject: file, doneBytes: 0, totalBytes: 0 }),
  );
  const isFashionMnist = checkPublished(decoded, options.published === true);
  const entry = pack(decoded, isFashionMnist, options.folder);
  keep(path, entry, stamps, paths, options);
  return dataSetOf(entry, options);
}

function readKept(
  path: string,
  stamps: readonly FileStamp[],
  options: ReadDataFolderOptions,
): DecodedEntry | undefined {
  try {
    const entry = readEntry(path, stamps);
    return options.published && entry?.digest !== FASHION_MNIST_DIGEST ? undefined : entry;
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    options.onNotice?.(`The decoded data set in the cache is made anew: ${error.message}`);
    return undefined;
  }
}

function keep(
  path: string,
  entry: DecodedEntry,
  stamps: readonly FileStamp[],
  paths: readonly string[],
  options: ReadDataFolderOptions,
): void {
  // A file that changed while it was read is not what was decoded.
  if (JSON.stringify(stampFiles(paths)) !== JSON.stringify(stamps)) return;
  try {
    writeEntry(path, realpathSync(options.folder), entry, stamps);
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    options.onNotice?.(
      `The decoded data set is not kept, so each start decodes it: ${error.message}`,
    );
  }
}

function pack(decoded: DecodedFolder, isFashionMnist: boolean, folder: string): DecodedEntry {
  const { train, test } = decoded;
  const sizes = { shape: train.shape, trainCount: train.count, testCount: test.count };
  const layout = layoutOf(sizes);
  const memory = allocateShared(layout.byteLength);
  const bytes = new Uint8Array(memory);
  bytes.set(train.pixels, layout.trainPixels);
  bytes.set(test.pixels, layout.testPixels);
  new Uint16Array(memory, layout.trainLabels).set(train.labels);
  new Uint16Array(memory, layout.testLabels).set(test.labels);
  const classes =
    isFashionMnist && !decoded.classesAreNamed ? FASHION_MNIST_CLASSES : decoded.classes;
  return {
    memory,
    sizes,
    classes,
    name: isFashionMnist ? FASHION_MNIST_NAME : basename(realpathSync(folder)),
    digest: digestOf(bytes, sizes, classes.length),
  };
}

function dataSetOf(entry: DecodedEntry, from: ReadDataFolderOptions): DataSet {
  const { memory, sizes, classes, name, digest } = entry;
  const { folder, source } = from;
  return { ...viewDataSet(memory, sizes, classes), name, digest, folder, source };
}
