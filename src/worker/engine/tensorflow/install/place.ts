import { mkdir, rename, rm, statfs } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { LockstepError } from '../../../../shared/errors.js';

/**
 * A folder that is there whole or not at all: `fill` makes it under another name, and a rename
 * puts it in place. Of two processes that make it at once the first wins; both are the same.
 */
export async function placeFolder(
  folder: string,
  fill: (partial: string) => Promise<void>,
): Promise<void> {
  const partial = `${folder}.partial-${process.pid}`;
  try {
    await mkdir(partial, { recursive: true });
    await fill(partial);
    await rename(partial, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } catch (error) {
    throw asDiskError(error, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Errors: ENGINE_INSTALL_DISK where the disk of `folder`, which exists, has less room. */
export async function requireRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  const gigabytes = (size: number) => `${(size / 1e9).toFixed(1)} GB`;
  throw new LockstepError(
    'ENGINE_INSTALL_DISK',
    `The installation needs ${gigabytes(bytes)} in ${folder}, where ${gigabytes(bavail * bsize)} are free.`,
    { hint: 'Make room, or name another folder in LOCKSTEP_CACHE.' },
  );
}

export function asDiskError(error: unknown, folder: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
  if (!['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].includes(code)) return error;
  return new LockstepError(
    'ENGINE_INSTALL_DISK',
    `${dirname(folder)} cannot be written (${code}).`,
    { hint: 'Make room there, or name another folder in LOCKSTEP_CACHE.', cause: error },
  );
}
