/**
 * Files that other processes see whole or not at all: written under a temporary name of this
 * process, synced, renamed, and the folder synced.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { LockstepError } from '../../shared/errors.js';
import { messageOf } from './read-file.js';

/** Writes of more than 2 GiB at once fail in Node. */
const MOST_BYTES_PER_WRITE = 1 << 30;

/** @throws LockstepError DATA_OUTPUT_FAILED; then nothing is left behind */
export function writeFileAtomically(path: string, pieces: Iterable<Uint8Array>): void {
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  let descriptor: number | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    descriptor = openSync(temporary, 'wx');
    for (const piece of pieces) writeAll(descriptor, piece);
    fsyncSync(descriptor);
    putInPlace(temporary, path);
  } catch (error) {
    if (descriptor !== undefined) rmSync(temporary, { force: true });
    if (error instanceof LockstepError) throw error;
    throw new LockstepError(
      'DATA_OUTPUT_FAILED',
      `${path} cannot be written: ${messageOf(error)}.`,
      {
        cause: error,
        where: { file: path },
        hint: 'Check that the folder may be written to, and that the disk has room.',
      },
    );
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Renames a complete, synced file, and makes the new name last. */
export function putInPlace(temporary: string, path: string): void {
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

/** Makes what was renamed in a folder last. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    const length = Math.min(bytes.length - done, MOST_BYTES_PER_WRITE);
    done += writeSync(descriptor, bytes, done, length);
  }
}
