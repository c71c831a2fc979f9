/** Reading of images that lie in a file. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { LockstepError } from '../errors.js';
import { AttributeNoise } from './noise.js';
import { pixelsOf } from './image-shape.js';
import { placeOf, type StoredPixels, type StoredSet } from './stored-set.js';

/** Images are read in blocks of about this size where all of a set are. */
const BLOCK_BYTES = 1 << 20;

/** Says of a file what it is: another one, or one that was written to, has another stamp. */
export function stampOf(path: string): string {
  return stampText(statSync(path, { bigint: true }));
}

const stampText = ({
  size,
  ino,
  mtimeNs,
}: {
  size: bigint;
  ino: bigint;
  mtimeNs: bigint;
}): string => `${size} bytes, inode ${ino}, written ${mtimeNs}`;

/** A descriptor of the file. Throws DATA_FILE_UNREADABLE where it is gone, or another. */
export function openStamped({ file, stamp }: Pick<StoredPixels, 'file' | 'stamp'>): number {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (cause) {
    throw unreadable(file, `cannot be opened: ${(cause as Error).message}`, cause);
  }
  if (stampText(fstatSync(descriptor, { bigint: true })) === stamp) return descriptor;
  closeSync(descriptor);
  throw unreadable(file, 'is not the file that it was when the run began');
}

/** An open file of images. */
export class StoredImages {
  readonly #stored: StoredPixels;
  readonly #bytes: number;
  readonly #descriptor: number;
  readonly #noise: AttributeNoise | null;

  /** Throws DATA_FILE_UNREADABLE where the file is gone, or another. */
  constructor({ stored, shape }: StoredSet) {
    this.#stored = stored;
    this.#bytes = pixelsOf(shape);
    const { noise } = stored;
    this.#noise = noise && new AttributeNoise(noise.domains, noise.level, noise.seed);
    this.#descriptor = openStamped(stored);
  }

  /**
   * Images of the samples `samples[0 … count)`, one after the other, to `to` from byte `toAt` on. What
   * lies side by side in the file is read at once.
   */
  read(samples: ArrayLike<number>, count: number, to: Uint8Array, toAt: number): void {
    const bytes = this.#bytes;
    for (let i = 0; i < count;) {
      const first = placeOf(this.#stored, samples[i]!);
      let end = i + 1;
      while (end < count && placeOf(this.#stored, samples[end]!) === first + end - i) end++;
      this.#readAt(first * bytes, to, toAt + i * bytes, (end - i) * bytes);
      i = end;
    }
    if (this.#noise === null) return;
    for (let i = 0; i < count; i++) {
      this.#noise.add(to, toAt + i * bytes, placeOf(this.#stored, samples[i]!));
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #readAt(from: number, to: Uint8Array, toAt: number, length: number): void {
    const { position, file } = this.#stored;
    for (let done = 0; done < length;) {
      const at = position + from + done;
      const got = readSync(this.#descriptor, to, toAt + done, length - done, at);
      if (got === 0) throw unreadable(file, `ended at byte ${String(at)}`);
      done += got;
    }
  }
}

/** All images of a set in their order, in blocks: views that the next overwrites. */
export function* blocksOf(set: StoredSet): Generator<Uint8Array, void, undefined> {
  const bytes = pixelsOf(set.shape);
  const most = Math.max(1, Math.floor(BLOCK_BYTES / bytes));
  const block = new Uint8Array(Math.min(most, set.count) * bytes);
  const images = new StoredImages(set);
  try {
    for (let first = 0; first < set.count; first += most) {
      const count = Math.min(most, set.count - first);
      const samples = Array.from({ length: count }, (_, i) => first + i);
      images.read(samples, count, block, 0);
      yield block.subarray(0, count * bytes);
    }
  } finally {
    images.close();
  }
}

function unreadable(file: string, what: string, cause?: unknown): LockstepError {
  return new LockstepError('DATA_FILE_UNREADABLE', `${file} ${what}.`, {
    cause,
    where: { file },
    hint: 'Leave the cache alone while runs use it, and look at the disk; then go on with the run.',
  });
}
