import { closeSync } from 'node:fs';
import { openStamped } from '../../shared/data/stored-images.js';
import type { StoredPixels } from '../../shared/data/stored-set.js';
import { LockstepError } from '../../shared/errors.js';
import { messageOf, readRange } from '../data/read-file.js';
import type { Blob } from './blobs.js';

/**
 * The bytes of a file, of which a piece at a time is in memory. It stays open: whoever cleans the cache
 * takes nothing away.
 */
export class FileBlob implements Blob {
  readonly #file: string;
  #descriptor: number | null;

  /** Throws DATA_FILE_UNREADABLE where the file is gone, or another. */
  constructor(
    stored: Pick<StoredPixels, 'file' | 'stamp'>,
    readonly length: number,
  ) {
    this.#file = stored.file;
    this.#descriptor = openStamped(stored);
  }

  /** Throws DATA_FILE_UNREADABLE. */
  slice(first: number, end: number): Uint8Array {
    if (this.#descriptor === null) throw unreadable(this.#file, 'it is closed');
    const piece = new Uint8Array(end - first);
    try {
      readRange(this.#descriptor, piece, first, this.#file);
    } catch (cause) {
      if (cause instanceof LockstepError) throw cause;
      throw unreadable(this.#file, messageOf(cause), cause);
    }
    return piece;
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

function unreadable(file: string, reason: string, cause?: unknown): LockstepError {
  return new LockstepError('DATA_FILE_UNREADABLE', `${file} cannot be read: ${reason}.`, {
    cause,
    where: { file },
    hint: 'Look at the disk; then go on with the run.',
  });
}
