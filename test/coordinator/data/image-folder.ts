/** Small image sets in temporary folders, for tests. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeCsv } from '#src/shared/data/csv-writer.js';
import { encodeIdxImages, encodeIdxLabels } from '#src/shared/data/idx.js';
import type { ImageShape } from '#src/shared/data/image-set.js';

export interface SmallSet {
  readonly shape: ImageShape;
  readonly count: number;
  readonly pixels: Uint8Array;
  readonly labels: Uint16Array;
}

/** Pixels and labels that follow from `salt`. */
export function smallSet(
  count: number,
  { salt = 0, classes = 3, shape = { height: 4, width: 4, channels: 1 } } = {},
): SmallSet {
  const pixels = count * shape.height * shape.width * shape.channels;
  return {
    shape,
    count,
    pixels: Uint8Array.from({ length: pixels }, (_, i) => (i * 7 + salt * 31) % 256),
    labels: Uint16Array.from({ length: count }, (_, i) => (i + salt) % classes),
  };
}

export function writeIdxSplit(folder: string, prefix: string, set: SmallSet, gzip = false): void {
  mkdirSync(folder, { recursive: true });
  const rank = set.shape.channels === 1 ? 3 : 4;
  const end = gzip ? '.gz' : '';
  const pack = (bytes: Uint8Array) => (gzip ? gzipSync(bytes) : bytes);
  const images = encodeIdxImages(set.count, set.shape, set.pixels);
  writeFileSync(join(folder, `${prefix}-images-idx${rank}-ubyte${end}`), pack(images));
  writeFileSync(
    join(folder, `${prefix}-labels-idx1-ubyte${end}`),
    pack(encodeIdxLabels(set.labels)),
  );
}

export function writeCsvSplit(path: string, set: SmallSet, header = true): void {
  const pieces = Array.from(encodeCsv(set, { header }), (piece) => piece.slice());
  writeFileSync(path, Buffer.concat(pieces));
}
