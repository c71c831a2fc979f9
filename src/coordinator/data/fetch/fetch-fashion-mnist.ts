/**
 * Fetches Fashion-MNIST into the cache, once: from the publisher's address, or, where that cannot
 * be reached, Debian's package through apt. What is there already and sound is not fetched again.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  fsyncSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import type { DataListener } from '../../../shared/data/data-progress.js';
import {
  FASHION_MNIST_FILES,
  FASHION_MNIST_PACKAGE,
  FASHION_MNIST_URL,
  type PublishedFile,
} from '../../../shared/data/fashion-mnist.js';
import { LockstepError } from '../../../shared/errors.js';
import { putInPlace } from '../atomic-file.js';
import { fashionMnistFolder } from '../../../shared/cache-folder.js';
import { messageOf } from '../read-file.js';
import { listTried, type FolderSource, type TriedSource } from '../sources.js';
import { withAptPackage } from './apt.js';
import { download, DOWNLOAD_LIMITS, type DownloadLimits } from './download.js';
import { cannotWrite, claimPart, releasePart, removeLeftOvers } from './part-file.js';
import { verifyPublished } from './verify-published.js';

export type FetchOrigin = 'publisher' | 'apt';

export interface FetchOptions extends DataListener {
  readonly cache: string;
  /** Sources that were looked at before, for the error. */
  readonly tried?: readonly TriedSource[] | undefined;
  /** In the order in which they are tried. */
  readonly origins?: readonly FetchOrigin[] | undefined;
  /** Instead of $LOCKSTEP_FASHION_MNIST_URL or the publisher's address. */
  readonly url?: string | undefined;
  readonly limits?: DownloadLimits | undefined;
  /** Further options of apt-get. */
  readonly aptOptions?: readonly string[] | undefined;
}

/**
 * @returns the folder that now holds the four files, each checked
 * @throws LockstepError DATA_FETCH_FAILED listing every source and what was wrong with it
 */
export async function fetchFashionMnist(options: FetchOptions): Promise<FolderSource> {
  const folder = fashionMnistFolder(options.cache);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw cannotWrite(folder, error);
  }
  const tried = [...(options.tried ?? [])];
  const missing = FASHION_MNIST_FILES.filter((file) => !isSound(folder, file, options));
  if (missing.length === 0) return { folder, source: `${folder} (Lockstep's cache)` };
  for (const origin of options.origins ?? (['publisher', 'apt'] as const)) {
    const from = origin === 'publisher' ? publisherUrl(options) : `apt's ${FASHION_MNIST_PACKAGE}`;
    try {
      if (origin === 'publisher') await fromPublisher(folder, missing, options);
      else await fromApt(folder, missing, options);
      return { folder, source: `${folder} (fetched from ${from})` };
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      if (error.code === 'DATA_OUTPUT_FAILED') throw error;
      options.onNotice?.(`Fashion-MNIST could not be fetched from ${from}: ${error.message}`);
      tried.push({ source: from, reason: error.message });
    }
  }
  throw nothingFetched(tried, folder);
}

async function fromPublisher(
  folder: string,
  missing: readonly PublishedFile[],
  options: FetchOptions,
): Promise<void> {
  const base = parseBase(publisherUrl(options));
  const totalBytes = missing.reduce((sum, file) => sum + file.gzipBytes, 0);
  let before = 0;
  for (const file of missing) {
    if (!existsSync(join(folder, file.name))) {
      await download({
        base,
        file,
        folder,
        limits: options.limits ?? DOWNLOAD_LIMITS,
        onProgress: (bytes) => {
          const doneBytes = Math.min(before + bytes, totalBytes);
          options.onProgress?.({ phase: 'receive', subject: base.href, doneBytes, totalBytes });
        },
      });
    }
    before += file.gzipBytes;
  }
}

async function fromApt(
  folder: string,
  missing: readonly PublishedFile[],
  options: FetchOptions,
): Promise<void> {
  const subject = `apt's ${FASHION_MNIST_PACKAGE}`;
  const progress = {
    // The lists of packages come on top where apt has none, so the sum is not known.
    onProgress: (doneBytes: number) =>
      options.onProgress?.({ phase: 'receive', subject, doneBytes, totalBytes: 0 }),
    options: options.aptOptions ?? [],
  };
  await withAptPackage(progress, (unpacked) => {
    for (const file of missing) copyInPlace(join(unpacked, file.name), folder, file);
  });
}

function copyInPlace(from: string, folder: string, file: PublishedFile): void {
  const part = claimPart(folder, file.name);
  try {
    copyFileSync(from, part);
    sync(part);
    verifyPublished(part, file);
    putInPlace(part, join(folder, file.name));
    removeLeftOvers(folder, file.name);
  } catch (error) {
    rmSync(part, { force: true });
    throw error instanceof LockstepError ? error : cannotWrite(folder, error);
  } finally {
    releasePart(part);
  }
}

/** A file that is there and wrong is removed, with a notice. */
function isSound(folder: string, file: PublishedFile, options: FetchOptions): boolean {
  const path = join(folder, file.name);
  if (!existsSync(path)) return false;
  options.onProgress?.({ phase: 'check', subject: path, doneBytes: 0, totalBytes: 0 });
  try {
    verifyPublished(path, file);
    return true;
  } catch (error) {
    options.onNotice?.(`${path} is fetched again: ${messageOf(error)}`);
    rmSync(path, { force: true });
    return false;
  }
}

function publisherUrl(options: FetchOptions): string {
  return options.url ?? (process.env['LOCKSTEP_FASHION_MNIST_URL'] || FASHION_MNIST_URL);
}

function parseBase(text: string): URL {
  const url = URL.canParse(text) ? new URL(text.endsWith('/') ? text : `${text}/`) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
  throw new LockstepError('DATA_FETCH_FAILED', `"${text}" is no http or https address`, {
    hint: 'Correct LOCKSTEP_FASHION_MNIST_URL, or unset it.',
  });
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function nothingFetched(tried: readonly TriedSource[], folder: string): LockstepError {
  return new LockstepError(
    'DATA_FETCH_FAILED',
    `Fashion-MNIST is not on this machine and could not be fetched. Tried:${listTried(tried)}`,
    {
      where: { folder },
      hint:
        `On Debian or Ubuntu: apt-get update && apt-get install ${FASHION_MNIST_PACKAGE}. ` +
        `Elsewhere, on a machine with access: for each of ${FASHION_MNIST_FILES.map((file) => file.name).join(', ')}: ` +
        `curl -O ${FASHION_MNIST_URL}<name>, and copy the four files to ${folder}, ` +
        'or to any folder that is then given with --data FOLDER.',
    },
  );
}
