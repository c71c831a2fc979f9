/** Plain IDX files into one file of the layout of `data-set-layout.ts`, without their pixels in memory. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { checkLabels } from '../../shared/data/classes.js';
import { digestHeader, layoutOf } from '../../shared/data/data-set-layout.js';
import { decodeIdxLabels, readIdxHeader } from '../../shared/data/idx.js';
import { sameShape } from '../../shared/data/image-shape.js';
import type { ImageShape } from '../../shared/data/image-set.js';
import { writeFileAtomically } from './atomic-file.js';
import { classesOf, readIdx } from './decode-folder.js';
import type { NotedEntry } from './decoded-cache.js';
import type { DataFiles, SplitFiles } from './find-data-files.js';
import { isGzip } from './gunzip.js';
import { readRange, withFile } from './read-file.js';
import { holds } from './stored-file.js';

const CHUNK_BYTES = 1 << 20;
/** A header of rank 4. */
const HEADER_BYTES = 20;

interface PlainSplit {
  readonly images: string;
  readonly shape: ImageShape;
  readonly count: number;
  /** Where the pixels begin. */
  readonly from: number;
  readonly labels: Uint16Array;
  readonly labelsFile: string;
}

/**
 * Writes the file, whole or not at all. null, and nothing written, where the folder's files are not
 * plain IDX files in good order, or may be the published Fashion-MNIST: these are for `decodeFolder`,
 * which has the checks and the errors.
 */
export function packIdx(files: DataFiles, target: string, folder: string): NotedEntry | null {
  const train = plainSplit(files.train);
  const test = plainSplit(files.test);
  if (train === null || test === null || !sameShape(train.shape, test.shape)) return null;
  const { classes, areNamed } = classesOf(files, train.labels, test.labels);
  if (!areNamed && train.count === 60_000) return null;
  checkLabels(train.labels, classes, train.labelsFile);
  checkLabels(test.labels, classes, test.labelsFile);
  const sizes = { shape: train.shape, trainCount: train.count, testCount: test.count };
  const layout = layoutOf(sizes);
  const hash = createHash('sha256').update(digestHeader(sizes, classes.length));
  function* pieces(): Generator<Uint8Array> {
    let at = 0;
    const parts: readonly (readonly [number, Iterable<Uint8Array>])[] = [
      [layout.trainPixels, pixelsOf(train!)],
      [layout.trainLabels, [bytesOf(train!.labels)]],
      [layout.testPixels, pixelsOf(test!)],
      [layout.testLabels, [bytesOf(test!.labels)]],
      [layout.byteLength, []],
    ];
    for (const [place, part] of parts) {
      // Zeros up to where the part begins.
      yield new Uint8Array(place - at);
      at = place;
      for (const piece of part) {
        yield piece;
        at += piece.length;
      }
    }
  }
  let digest = '';
  writeFileAtomically(target, hashed(pieces(), hash), () => {
    digest ||= hash.digest('hex');
    return holds(target, sizes, classes.length, digest);
  });
  digest ||= hash.digest('hex');
  return { sizes, classes, name: basename(folder), digest };
}

function* hashed(pieces: Iterable<Uint8Array>, hash: ReturnType<typeof createHash>) {
  for (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}

function plainSplit(files: SplitFiles): PlainSplit | null {
  if (files.format !== 'idx') return null;
  const { images, labels: labelsFile } = files;
  const header = withFile(images, (descriptor, size) => {
    const head = new Uint8Array(Math.min(size, HEADER_BYTES));
    readRange(descriptor, head, 0, images);
    if (isGzip(head)) return null;
    const read = readIdxHeader(head, 'images', images);
    return read.fileBytes === size ? read : null;
  });
  if (header === null) return null;
  const labels = decodeIdxLabels(readIdx(labelsFile, 'labels'), labelsFile);
  const [count, height, width, channels = 1] = header.sizes as [number, number, number, number?];
  if (labels.length !== count) return null;
  const shape = { height, width, channels };
  return { images, shape, count, from: header.headerBytes, labels, labelsFile };
}

/** Views of a buffer that the next one overwrites. */
function* pixelsOf({ images, shape, count, from }: PlainSplit): Generator<Uint8Array> {
  const length = count * shape.height * shape.width * shape.channels;
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, length));
  for (let at = 0; at < length; at += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, length - at));
    withFile(images, (descriptor) => {
      readRange(descriptor, piece, from + at, images);
    });
    yield piece;
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint16Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
