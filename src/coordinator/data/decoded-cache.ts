/**
 * Decoded data sets in the cache, so that a start reads one file instead of unpacking four.
 *
 *   <cache>/decoded/<key>.bytes   the memory of `data-set-layout.ts`
 *   <cache>/decoded/<key>.json    sizes, classes, digest, and the files that it was made from
 *
 * An entry counts only while each of those files has the length, time of change and inode that it had, and
 * while all bytes still have the digest.
 */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { digestHeader, layoutOf, type DataSetSizes } from '../../shared/data/data-set-layout.js';
import type { ImageShape } from '../../shared/data/image-set.js';
import { formatShape, pixelsOf } from '../../shared/data/image-shape.js';
import { LockstepError } from '../../shared/errors.js';
import { writeFileAtomically } from './atomic-file.js';
import { pruneDecoded } from './prune-decoded.js';
import { allocateShared } from './shared-memory.js';
import { readInto, readText, sha256, withFile } from './read-file.js';
import { holds } from './stored-file.js';

const VERSION = 1;

export interface FileStamp {
  readonly name: string;
  readonly bytes: number;
  /**
   * Nanoseconds of the last change of contents or of any attribute, other times included; with the
   * inode in decimal digits, as they do not fit a number.
   */
  readonly changed: string;
  readonly inode: string;
}

export interface DecodedEntry {
  readonly memory: SharedArrayBuffer;
  readonly sizes: DataSetSizes;
  readonly classes: readonly string[];
  readonly name: string;
  readonly digest: string;
}

interface Manifest extends DataSetSizes {
  readonly version: number;
  /** Where the files lie; an entry whose folder is gone is removed (`prune-decoded.ts`). */
  readonly folder: string;
  readonly files: readonly FileStamp[];
  readonly classes: readonly string[];
  readonly name: string;
  readonly digest: string;
}

/** @throws LockstepError DATA_FILE_UNREADABLE */
export function stampFiles(paths: readonly string[]): FileStamp[] {
  return paths.map((path) => {
    try {
      const stat = statSync(path, { bigint: true });
      return {
        name: basename(path),
        bytes: Number(stat.size),
        changed: String(stat.ctimeNs),
        inode: String(stat.ino),
      };
    } catch (cause) {
      throw new LockstepError('DATA_FILE_UNREADABLE', `${path} cannot be looked at.`, {
        cause,
        where: { file: path },
        hint: 'Check the path, and that you may read the file.',
      });
    }
  });
}

/** One entry for each folder, and for each size that its images were given. */
export function entryPath(cache: string, folder: string, shape: ImageShape | undefined): string {
  const key = sha256(`${folder}\0${shape === undefined ? '' : formatShape(shape)}`).slice(0, 32);
  return join(cache, 'decoded', key);
}

/**
 * @returns undefined where there is no entry, or one of other files
 * @throws LockstepError where there is one that cannot be used
 */
export function readEntry(path: string, files: readonly FileStamp[]): DecodedEntry | undefined {
  const noted = readNoted(path, files);
  if (noted === undefined) return undefined;
  const { sizes, classes, name, digest } = noted;
  const { byteLength } = layoutOf(sizes);
  const bytesPath = bytesOf(path);
  return withFile(bytesPath, (descriptor, size) => {
    if (size !== byteLength) {
      throw damaged(bytesPath, `is ${size} bytes long instead of ${byteLength}`);
    }
    const memory = allocateShared(byteLength);
    const bytes = new Uint8Array(memory);
    readInto(descriptor, bytes, bytesPath);
    if (digestOf(bytes, sizes, classes.length) !== digest) {
      throw damaged(bytesPath, 'does not have the checksum that was noted');
    }
    return { memory, sizes, classes, name, digest };
  });
}

/** All of an entry but its bytes, which lie in `bytesOf(path)`, and are not looked at. */
export type NotedEntry = Omit<DecodedEntry, 'memory'>;

/** As `readEntry`. */
export function readNoted(path: string, files: readonly FileStamp[]): NotedEntry | undefined {
  const manifest = readManifest(`${path}.json`);
  if (manifest === undefined || JSON.stringify(manifest.files) !== JSON.stringify(files)) {
    return undefined;
  }
  const { shape, trainCount, testCount, classes, name, digest } = manifest;
  return { sizes: { shape, trainCount, testCount }, classes, name, digest };
}

export const bytesOf = (path: string): string => `${path}.bytes`;

/** @throws LockstepError DATA_OUTPUT_FAILED */
export function writeEntry(
  path: string,
  folder: string,
  entry: DecodedEntry,
  files: readonly FileStamp[],
): void {
  const { memory, sizes, classes, digest } = entry;
  writeFileAtomically(bytesOf(path), [new Uint8Array(memory)], () =>
    holds(bytesOf(path), sizes, classes.length, digest),
  );
  writeNoted(path, folder, entry, files);
}

/** What is noted of an entry whose bytes are in their place. @throws LockstepError DATA_OUTPUT_FAILED */
export function writeNoted(
  path: string,
  folder: string,
  { sizes, classes, name, digest }: NotedEntry,
  files: readonly FileStamp[],
): void {
  const manifest: Manifest = { version: VERSION, folder, ...sizes, classes, name, digest, files };
  writeFileAtomically(`${path}.json`, [new TextEncoder().encode(JSON.stringify(manifest))]);
  pruneDecoded(dirname(path));
}

/** @param bytes the memory of the whole set */
export function digestOf(bytes: Uint8Array, sizes: DataSetSizes, classes: number): string {
  return sha256(digestHeader(sizes, classes), bytes);
}

function readManifest(path: string): Manifest | undefined {
  if (!existsSync(path)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(readText(path));
  } catch {
    throw damaged(path, 'is no JSON');
  }
  if (!isManifest(value)) throw damaged(path, 'has not the expected contents');
  return value.version === VERSION ? value : undefined;
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  const { shape, trainCount, testCount, classes, name, digest, files } = value as Manifest;
  const whole = (n: unknown) => typeof n === 'number' && Number.isInteger(n) && n > 0;
  return (
    typeof shape === 'object' &&
    shape !== null &&
    [shape.height, shape.width, shape.channels, trainCount, testCount].every(whole) &&
    Number.isSafeInteger(pixelsOf(shape) * (trainCount + testCount)) &&
    Array.isArray(classes) &&
    classes.every((each) => typeof each === 'string') &&
    Array.isArray(files) &&
    typeof name === 'string' &&
    typeof digest === 'string'
  );
}

function damaged(file: string, what: string): LockstepError {
  return new LockstepError('DATA_CHECKSUM', `${file} ${what}.`, {
    where: { file },
    hint: 'The file is made anew; nothing needs to be done.',
  });
}
