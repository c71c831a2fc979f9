import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LockstepError } from '../../shared/errors.js';

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const FORBIDDEN = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR']);

/** The code of a failed system call (`ENOSPC`), or null for any other error. */
export function systemCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/**
 * Says in the product's words why a file of a run folder could not be written or read.
 * Errors that are coded already pass through.
 */
export async function fileError(error: unknown, path: string): Promise<LockstepError> {
  if (error instanceof LockstepError) return error;
  const code = systemCode(error);
  const where = { path };
  if (code !== null && FULL.has(code)) {
    return new LockstepError(
      'RUN_FOLDER_DISK_FULL',
      `${path} could not be written (${code}): ${await freeSpace(dirname(path))}.`,
      {
        hint: 'Free some space, then go on with --resume: the last whole checkpoint is still valid.',
        where,
        cause: error,
      },
    );
  }
  if (code !== null && FORBIDDEN.has(code)) {
    return new LockstepError(
      'RUN_FOLDER_NOT_WRITABLE',
      `${path} may not be written (${code}) by user ${String(process.getuid?.() ?? 'unknown')}.`,
      {
        hint: 'Give the folder write permission, or choose another with --out.',
        where,
        cause: error,
      },
    );
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new LockstepError('RUN_FOLDER_IO', `${path}: ${reason}`, {
    hint: 'Check the disk, and whether something else changes the run folder.',
    where,
    cause: error,
  });
}

/** `12.3 MB free in /runs`; the nearest folder that exists is asked. */
async function freeSpace(folder: string): Promise<string> {
  try {
    const stats = await statfs(folder);
    const bytes = stats.bavail * stats.bsize;
    return `${(bytes / 1e6).toFixed(1)} MB free in ${folder}`;
  } catch {
    return `free space of ${folder} unknown`;
  }
}

/** Runs `work`; whatever it throws comes out as a coded error about `path`. */
export async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw await fileError(error, path);
  }
}
