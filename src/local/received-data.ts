import { mkdir, open, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../shared/cache-folder.js';
import { putUnlessSame } from '../coordinator/data/atomic-file.js';
import { digestOf } from '../coordinator/data/decoded-cache.js';
import { allocateShared } from '../coordinator/data/shared-memory.js';
import { digestOfFile, holds, openStored } from '../coordinator/data/stored-file.js';
import type { ResolvedConfig } from '../shared/config/schema.js';
import type { DataSet, StoredDataSet } from '../shared/data/data-set.js';
import { layoutOf, viewDataSet, type DataSetSizes } from '../shared/data/data-set-layout.js';
import { LockstepError } from '../shared/errors.js';
import { formatBytes } from '../shared/format.js';
import type { DataManifest } from '../shared/wire/session.js';
import type { BlobFetch } from '../worker/cluster/blob-fetch.js';
import { bytesNeeded } from './data-memory.js';

/** Who receives, and what it has room for. */
export interface Receiver {
  /** Name of the worker. */
  readonly worker: string;
  /** `dataMemory`, and whether the training set will be copied. */
  readonly config: ResolvedConfig;
  readonly notice: (text: string) => void;
}

/** What is asked for at a time where images are not to fill the memory. */
const SMALL_WINDOW_BYTES = 1 << 20;

/**
 * The run's data set on a worker: out of its cache, or from the coordinator, piece by piece. What
 * has come before a break is not asked for again. Where it is larger than the worker's memory for
 * images, they stay in the file.
 *
 *   <cache>/received/<digest>.bytes          the memory of data-set-layout.ts
 *   <cache>/received/<digest>.<worker>.part  what has come so far
 */
export async function receiveData(
  manifest: DataManifest,
  fetch: BlobFetch,
  { worker, config, notice }: Receiver,
): Promise<DataSet | StoredDataSet> {
  const { digest, name, classes, height, width, channels, trainCount, testCount } = manifest;
  const sizes = { shape: { height, width, channels }, trainCount, testCount };
  const { byteLength } = layoutOf(sizes);
  if (byteLength !== manifest.bytes) {
    throw misfit(`it should have ${byteLength} bytes, and is said to have ${manifest.bytes}`);
  }
  const folder = join(cacheFolder(process.env), 'received');
  const file = `${digest}.${worker.replaceAll(/[^\w.-]/g, '_')}.part`;
  const paths = { whole: join(folder, `${digest}.bytes`), part: join(folder, file) };
  const tell = (had: number): void => {
    const left = formatBytes(byteLength - had);
    notice(`Receiving the data set ${name}: ${left} of ${formatBytes(byteLength)}.`);
  };
  await mkdir(folder, { recursive: true });
  const place =
    config.dataMemory !== null && bytesNeeded(sizes, config) > config.dataMemory
      ? new FilePlace(paths, sizes, classes)
      : new MemoryPlace(paths, sizes, classes);
  const source = { name, digest, folder, source: `${name}, from the coordinator` };
  if ((await place.whole(digest)) === false) {
    const had = await place.part(byteLength);
    tell(had);
    await place.download(fetch, digest, had);
    if (!place.isRight(digest)) {
      // The part that was there may be damaged: all of it once more.
      await rm(paths.part, { force: true });
      await place.download(fetch, digest, 0);
      if (!place.isRight(digest)) throw misfit('what came has another checksum');
    }
    // Another worker of this cache may have put it there meanwhile, and read it.
    putUnlessSame(paths.part, paths.whole, () => holds(paths.whole, sizes, classes.length, digest));
  }
  return { ...place.sets(), ...source };
}

interface Paths {
  readonly whole: string;
  readonly part: string;
}

/** Where a data set is received to. What comes lies in `paths.part` until it is whole. */
interface Place {
  /** Whether it is in the cache already. */
  whole(digest: string): Promise<boolean>;
  /** How many bytes have come before. */
  part(most: number): Promise<number>;
  download(fetch: BlobFetch, digest: string, had: number): Promise<void>;
  /** Whether what has come has the digest. */
  isRight(digest: string): boolean;
  sets(): Pick<DataSet, 'train' | 'test'> | Pick<StoredDataSet, 'train' | 'test'>;
}

class MemoryPlace implements Place {
  readonly #memory: SharedArrayBuffer;
  readonly #bytes: Uint8Array;

  constructor(
    readonly paths: Paths,
    readonly sizes: DataSetSizes,
    readonly classes: readonly string[],
  ) {
    this.#memory = allocateShared(layoutOf(sizes).byteLength);
    this.#bytes = new Uint8Array(this.#memory);
  }

  async whole(digest: string): Promise<boolean> {
    const has = await readInto(this.paths.whole, this.#bytes);
    return has === this.#bytes.length && this.isRight(digest);
  }

  part(): Promise<number> {
    return readInto(this.paths.part, this.#bytes);
  }

  async download(fetch: BlobFetch, digest: string, had: number): Promise<void> {
    await withPart(this.paths.part, had, async (file) => {
      let written: Promise<void> = Promise.resolve();
      await fetch.fill(digest, this.#bytes, had, (first, end) => {
        // A copy: files are not written from shared memory.
        const piece = this.#bytes.slice(first, end);
        written = written.then(() => writeAt(file, piece, first));
      });
      await written;
    });
  }

  isRight(digest: string): boolean {
    return digestOf(this.#bytes, this.sizes, this.classes.length) === digest;
  }

  sets(): Pick<DataSet, 'train' | 'test'> {
    return viewDataSet(this.#memory, this.sizes, this.classes);
  }
}

class FilePlace implements Place {
  constructor(
    readonly paths: Paths,
    readonly sizes: DataSetSizes,
    readonly classes: readonly string[],
  ) {}

  async whole(digest: string): Promise<boolean> {
    return (await sizeOf(this.paths.whole)) > 0 && this.#has(this.paths.whole, digest);
  }

  async part(most: number): Promise<number> {
    const size = await sizeOf(this.paths.part);
    return size > most ? 0 : size;
  }

  async download(fetch: BlobFetch, digest: string, had: number): Promise<void> {
    const { byteLength } = layoutOf(this.sizes);
    const buffer = new Uint8Array(SMALL_WINDOW_BYTES);
    await withPart(this.paths.part, had, async (file) => {
      for (let at = had; at < byteLength;) {
        const window = buffer.subarray(0, Math.min(buffer.length, byteLength - at));
        await fetch.fill(digest, window, 0, undefined, at);
        await writeAt(file, window, at);
        at += window.length;
      }
    });
  }

  isRight(digest: string): boolean {
    return this.#has(this.paths.part, digest);
  }

  sets(): Pick<StoredDataSet, 'train' | 'test'> {
    return openStored(this.paths.whole, this.sizes, this.classes);
  }

  #has(path: string, digest: string): boolean {
    return digestOfFile(path, this.sizes, this.classes.length) === digest;
  }
}

async function withPart(
  path: string,
  had: number,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(path, had > 0 ? 'r+' : 'w');
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeAt(file: FileHandle, piece: Uint8Array, position: number): Promise<void> {
  await file.write(piece, 0, piece.length, position);
}

/** How many bytes of `target` the file fills; 0 where it is not there, or too long. */
async function readInto(path: string, target: Uint8Array): Promise<number> {
  const size = await sizeOf(path);
  if (size === 0 || size > target.length) return 0;
  target.set(await readFile(path));
  return size;
}

/** 0 where it is not there. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

function misfit(reason: string): LockstepError {
  return new LockstepError('DATA_CHECKSUM', `The run's data set cannot be received: ${reason}.`, {
    hint: 'Start the coordinator anew; if that does not help, report this.',
  });
}
