import { mkdir, open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../shared/cache-folder.js';
import { digestOf } from '../coordinator/data/decoded-cache.js';
import { allocateShared } from '../coordinator/data/shared-memory.js';
import type { DataSet } from '../shared/data/data-set.js';
import { layoutOf, viewDataSet } from '../shared/data/data-set-layout.js';
import { LockstepError } from '../shared/errors.js';
import type { DataManifest } from '../shared/wire/session.js';
import type { BlobFetch } from '../worker/cluster/blob-fetch.js';

/**
 * The run's data set on a worker: out of its cache, or from the coordinator, piece by piece. What
 * has come before a break is not asked for again.
 *
 *   <cache>/received/<digest>.bytes          the memory of data-set-layout.ts
 *   <cache>/received/<digest>.<worker>.part  what has come so far
 */
export async function receiveData(
  manifest: DataManifest,
  fetch: BlobFetch,
  worker: string,
  notice: (text: string) => void,
): Promise<DataSet> {
  const { digest, name, classes, height, width, channels, trainCount, testCount } = manifest;
  const sizes = { shape: { height, width, channels }, trainCount, testCount };
  const { byteLength } = layoutOf(sizes);
  if (byteLength !== manifest.bytes) {
    throw misfit(`it should have ${byteLength} bytes, and is said to have ${manifest.bytes}`);
  }
  const memory = allocateShared(byteLength);
  const bytes = new Uint8Array(memory);
  const isRight = (): boolean => digestOf(bytes, sizes, classes.length) === digest;
  const folder = join(cacheFolder(process.env), 'received');
  const whole = join(folder, `${digest}.bytes`);
  if (!((await readInto(whole, bytes)) === byteLength && isRight())) {
    await mkdir(folder, { recursive: true });
    const part = join(folder, `${digest}.${worker.replaceAll(/[^\w.-]/g, '_')}.part`);
    const had = await readInto(part, bytes);
    notice(
      `Receiving the data set ${name}: ${megabytes(byteLength - had)} of ${megabytes(byteLength)}.`,
    );
    await download(fetch, digest, bytes, had, part);
    if (!isRight()) {
      // The part that was there may be damaged: all of it once more.
      await rm(part, { force: true });
      await download(fetch, digest, bytes, 0, part);
      if (!isRight()) throw misfit('what came has another checksum');
    }
    await rename(part, whole);
  }
  const source = `${name}, from the coordinator`;
  return { ...viewDataSet(memory, sizes, classes), name, digest, folder, source };
}

async function download(
  fetch: BlobFetch,
  digest: string,
  bytes: Uint8Array,
  had: number,
  part: string,
): Promise<void> {
  const file = await open(part, had > 0 ? 'r+' : 'w');
  try {
    let written: Promise<void> = Promise.resolve();
    await fetch.fill(digest, bytes, had, (first, end) => {
      // A copy: files are not written from shared memory.
      const piece = bytes.slice(first, end);
      written = written.then(() => writeAt(file, piece, first));
    });
    await written;
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
  try {
    const { size } = await stat(path);
    if (size > target.length) return 0;
    target.set(await readFile(path));
    return size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function misfit(reason: string): LockstepError {
  return new LockstepError('DATA_CHECKSUM', `The run's data set cannot be received: ${reason}.`, {
    hint: 'Start the coordinator anew; if that does not help, report this.',
  });
}
