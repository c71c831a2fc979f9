import { readRange, withFile } from '../data/read-file.js';
import type { Blob } from './blobs.js';

/** The bytes of a file, of which a piece at a time is in memory. */
export class FileBlob implements Blob {
  constructor(
    readonly path: string,
    readonly length: number,
  ) {}

  /** Throws DATA_FILE_UNREADABLE. */
  slice(first: number, end: number): Uint8Array {
    const piece = new Uint8Array(end - first);
    withFile(this.path, (descriptor) => {
      readRange(descriptor, piece, first, this.path);
    });
    return piece;
  }
}
