/** An IDX file of images, written as they come: its header last, when their number is known. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { encodeIdxImagesHeader } from '../../shared/data/idx.js';
import type { ImageShape } from '../../shared/data/image-set.js';

/** Images are handed to the system in pieces of about this size. */
const BUFFER_BYTES = 1 << 20;

export class IdxWriter {
  readonly #shape: ImageShape;
  readonly #descriptor: number;
  #buffer: Uint8Array[] = [];
  #buffered = 0;
  #position: number;
  #count = 0;
  #isOpen = true;

  constructor(path: string, shape: ImageShape) {
    this.#shape = shape;
    this.#position = encodeIdxImagesHeader(0, shape).length;
    this.#descriptor = openSync(path, 'wx');
  }

  get count(): number {
    return this.#count;
  }

  /** `pixels`: uint8 [height, width, channels], not changed until `close`. */
  add(pixels: Uint8Array): void {
    this.#buffer.push(pixels);
    this.#buffered += pixels.length;
    this.#count++;
    if (this.#buffered >= BUFFER_BYTES) this.#flush();
  }

  /** Writes header and rest, and syncs the file. */
  close(): void {
    try {
      this.#flush();
      this.#write(encodeIdxImagesHeader(this.#count, this.#shape), 0);
      fsyncSync(this.#descriptor);
    } finally {
      this.abandon();
    }
  }

  /** Gives the file up, where it is not closed yet. */
  abandon(): void {
    if (this.#isOpen) closeSync(this.#descriptor);
    this.#isOpen = false;
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#buffer);
    this.#buffer = [];
    this.#buffered = 0;
    this.#write(bytes, this.#position);
    this.#position += bytes.length;
  }

  #write(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.#descriptor, bytes, done, bytes.length - done, position + done);
    }
  }
}
