/**
 * Files that other processes see whole or not at all: written under a temporary name of this
 * process, synced, renamed, and the folder synced.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { LockstepError } from '../../shared/errors.js';
import { messageOf } from './read-file.js';

/** Writes of more than 2 GiB at once fail in Node. */
const MOST_BYTES_PER_WRITE = 1 << 30;

/**
 * `isSame`: asked once all is written; where it says that the same is there already, that stays.
 *
 * @throws LockstepError DATA_OUTPUT_FAILED; then nothing is left behind
 */
export function writeFileAtomically(
  path: string,
  pieces: Iterable<Uint8Array>,
  isSame?: () => boolean,
): void {
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  let descriptor: number | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    descriptor = openSync(temporary, 'wx');
    for (const piece of pieces) writeAll(descriptor, piece);
    fsyncSync(descriptor);
    if (isSame === undefined) putInPlace(temporary, path);
    else putUnlessSame(temporary, path, isSame);
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

/**
 * As `putInPlace`, but where `isSame` says that the same is there already, that stays, and `temporary`
 * goes: whoever reads the file may hold it to its inode.
 */
export function putUnlessSame(temporary: string, path: string, isSame: () => boolean): void {
  while (!linked(temporary, path)) {
    const inode = inodeOf(path);
    if (isSame()) break;
    // Another process may have put a right one there while this one looked.
    if (inodeOf(path) === inode) {
      putInPlace(temporary, path);
      return;
    }
  }
  rmSync(temporary);
  syncFolder(dirname(path));
}

/** false: there is something, or the file system has no links. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch {
    return false;
  }
}

const inodeOf = (path: string): bigint | undefined =>
  statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;

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
