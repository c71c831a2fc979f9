/** The folders in which Fashion-MNIST may lie on this machine, and what to say if it does not. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FASHION_MNIST_FILES, FASHION_MNIST_PACKAGE } from '../../shared/data/fashion-mnist.js';
import { LockstepError } from '../../shared/errors.js';
import { fashionMnistFolder } from '../../shared/cache-folder.js';

export const DEBIAN_FOLDER = '/usr/share/datasets/fashion-mnist';

export interface FolderSource {
  readonly folder: string;
  /** For people. */
  readonly source: string;
}

export interface TriedSource {
  readonly source: string;
  readonly reason: string;
}

/** In the order in which they are tried. */
export function fashionMnistSources(cache: string): readonly FolderSource[] {
  const fetched = fashionMnistFolder(cache);
  return [
    { folder: fetched, source: `${fetched} (Lockstep's cache)` },
    { folder: DEBIAN_FOLDER, source: `${DEBIAN_FOLDER} (Debian's ${FASHION_MNIST_PACKAGE})` },
  ];
}

/** Whether all four files are there; nothing is said about what they hold. */
export function isPresent(folder: string): boolean {
  return FASHION_MNIST_FILES.every(({ name }) => existsSync(join(folder, name)));
}

export function listTried(tried: readonly TriedSource[]): string {
  return tried.map(({ source, reason }) => `\n  - ${source}: ${reason}`).join('');
}

export function nothingFound(tried: readonly TriedSource[], cache: string): LockstepError {
  return new LockstepError(
    'DATA_NOT_FOUND',
    `Fashion-MNIST is not on this machine. Looked for it in:${listTried(tried)}`,
    { where: { cache }, hint: 'Run `lockstep data fetch`, or give a folder with --data FOLDER.' },
  );
}
