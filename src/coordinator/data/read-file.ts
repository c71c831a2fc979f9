/** Whole files into memory, with errors that name them. */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, readFileSync } from 'node:fs';
import { constants } from 'node:buffer';
import { LockstepError } from '../../shared/errors.js';

/** Reads of more than 2 GiB at once fail in Node. */
const MOST_BYTES_PER_READ = 1 << 30;

/** @throws LockstepError DATA_FILE_UNREADABLE */
export function readWhole(path: string): Uint8Array {
  return withFile(path, (descriptor, size) => {
    if (size > constants.MAX_LENGTH) {
      throw unreadable(path, `has ${size} bytes, more than one buffer can hold`);
    }
    const bytes = Buffer.allocUnsafe(size);
    readInto(descriptor, bytes, path);
    return bytes;
  });
}

/** Fills `target` from the start of the file. */
export function readInto(descriptor: number, target: Uint8Array, path: string): void {
  readRange(descriptor, target, 0, path);
}

/** Fills `target` from byte `from` of the file on. */
export function readRange(
  descriptor: number,
  target: Uint8Array,
  from: number,
  path: string,
): void {
  let done = 0;
  while (done < target.length) {
    const length = Math.min(target.length - done, MOST_BYTES_PER_READ);
    const got = readSync(descriptor, target, done, length, from + done);
    if (got === 0)
      throw unreadable(path, `ended at byte ${from + done} of ${from + target.length}`);
    done += got;
  }
}

/** @throws LockstepError DATA_FILE_UNREADABLE */
export function withFile<T>(path: string, read: (descriptor: number, size: number) => T): T {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw unreadable(path, 'is not a regular file');
    return read(descriptor, stat.size);
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    throw unreadable(path, `cannot be read: ${messageOf(error)}`, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** @throws LockstepError DATA_FILE_UNREADABLE, or `code` where it is no JSON */
export function readJson(path: string, code: 'DATA_SHAPE_INVALID' | 'DATA_CLASSES_INVALID') {
  const text = readText(path);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new LockstepError(code, `${path} is no JSON: ${messageOf(cause)}.`, {
      cause,
      where: { file: path },
      hint: 'Correct the file, or take it away.',
    });
  }
}

/** @throws LockstepError DATA_FILE_UNREADABLE */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(path, `cannot be read: ${messageOf(error)}`, error);
  }
}

export function sha256(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function unreadable(file: string, what: string, cause?: unknown): LockstepError {
  return new LockstepError('DATA_FILE_UNREADABLE', `${file} ${what}.`, {
    cause,
    where: { file },
    hint: 'Check the path, and that you may read the file.',
  });
}
