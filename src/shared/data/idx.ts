/**
 * IDX, the format of MNIST and Fashion-MNIST (http://yann.lecun.com/exdb/mnist, "The IDX file
 * format"): arrays in row-major order behind a header of big-endian words.
 *
 *   byte 0, 1   0
 *   byte 2      element type: 0x08 uint8, 0x0b int16, 0x0c int32
 *   byte 3      rank
 *   4 bytes     size of each dimension, uint32
 *   …           elements, big-endian, to the end of the file
 *
 * Images are uint8 of rank 3 [count, height, width] or rank 4 [count, height, width, channels];
 * labels are of rank 1 and any of the three types, so that 65,536 classes fit.
 */
import { LockstepError } from '../errors.js';
import type { ImageShape } from './image-set.js';

const MAX_LABEL = 0xffff;

const ELEMENT_TYPES: Readonly<Record<number, { name: string; bytes: number }>> = {
  0x08: { name: 'uint8', bytes: 1 },
  0x0b: { name: 'int16', bytes: 2 },
  0x0c: { name: 'int32', bytes: 4 },
};

export type IdxKind = 'images' | 'labels';

export interface IdxHeader {
  readonly elementType: number;
  readonly elementBytes: number;
  readonly sizes: readonly number[];
  /** Where the elements start. */
  readonly headerBytes: number;
  /** The length that the file must have: header and elements. */
  readonly fileBytes: number;
}

/**
 * Reads and checks the header alone. Nothing is allocated from what it says.
 * @param bytes at least the first 20 bytes of the file, or all of a shorter one
 * @throws LockstepError DATA_IDX_INVALID
 */
export function readIdxHeader(bytes: Uint8Array, kind: IdxKind, file: string): IdxHeader {
  const fail = failIn(file);
  if (bytes.length < 4) {
    throw fail(`is ${bytes.length} bytes long; an IDX file starts with a magic number of 4 bytes`);
  }
  const [zero0, zero1, elementType, rank] = bytes as unknown as [number, number, number, number];
  const element = ELEMENT_TYPES[elementType];
  if (zero0 !== 0 || zero1 !== 0 || element === undefined || rank === 0) {
    throw fail(
      `starts with the bytes ${hex(bytes.subarray(0, 4))} (byte 0), which is no magic number of ` +
        `an IDX file; expected ${kind === 'images' ? '00 00 08 03' : '00 00 08 01'}`,
    );
  }
  const rankFits = kind === 'images' ? rank === 3 || rank === 4 : rank === 1;
  if (!rankFits) {
    throw fail(
      `holds an array of rank ${rank} (byte 3); ${kind} have rank ${kind === 'images' ? '3 or 4' : '1'}` +
        (rank === 1 ? ': these look like labels' : rank === 3 ? ': these look like images' : ''),
    );
  }
  if (kind === 'images' && elementType !== 0x08) {
    throw fail(`holds elements of type ${element.name} (byte 2); pixels are uint8`);
  }
  const headerBytes = 4 + 4 * rank;
  if (bytes.length < headerBytes) {
    throw fail(`ends at byte ${bytes.length}, within its header of ${headerBytes} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sizes = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const empty = sizes.indexOf(0);
  if (empty >= 0) throw fail(`says that dimension ${empty} has size 0 (byte ${4 + 4 * empty})`);
  const fileBytes = sizes.reduce((product, size) => product * size, element.bytes) + headerBytes;
  return { elementType, elementBytes: element.bytes, sizes, headerBytes, fileBytes };
}

export interface DecodedImages {
  readonly count: number;
  readonly shape: ImageShape;
  /** uint8 [count, height, width, channels]; a view of the bytes that were decoded. */
  readonly pixels: Uint8Array;
}

/** @throws LockstepError DATA_IDX_INVALID */
export function decodeIdxImages(bytes: Uint8Array, file: string): DecodedImages {
  const header = readIdxHeader(bytes, 'images', file);
  checkLength(bytes, header, 'image', file);
  const [count, height, width, channels = 1] = header.sizes as [number, number, number, number?];
  return { count, shape: { height, width, channels }, pixels: bytes.subarray(header.headerBytes) };
}

/**
 * @returns uint16 [count]
 * @throws LockstepError DATA_IDX_INVALID
 */
export function decodeIdxLabels(bytes: Uint8Array, file: string): Uint16Array {
  const header = readIdxHeader(bytes, 'labels', file);
  checkLength(bytes, header, 'label', file);
  const { headerBytes, elementBytes } = header;
  const elements = bytes.subarray(headerBytes);
  if (elementBytes === 1) return Uint16Array.from(elements);
  const view = new DataView(elements.buffer, elements.byteOffset, elements.byteLength);
  const labels = new Uint16Array(elements.length / elementBytes);
  for (let i = 0; i < labels.length; i++) {
    const at = i * elementBytes;
    const label = elementBytes === 2 ? view.getInt16(at) : view.getInt32(at);
    if (label < 0 || label > MAX_LABEL) {
      throw failIn(file)(
        `says that image ${i} has label ${label} (byte ${headerBytes + at}); ` +
          `labels are whole numbers from 0 to ${MAX_LABEL}`,
      );
    }
    labels[i] = label;
  }
  return labels;
}

/** Rank 3 for one channel, rank 4 for more. `pixels`: uint8 [count, height, width, channels]. */
export function encodeIdxImages(count: number, shape: ImageShape, pixels: Uint8Array): Uint8Array {
  const { bytes, headerBytes } = allocateIdx(0x08, imageSizes(count, shape), 1);
  bytes.set(pixels, headerBytes);
  return bytes;
}

/** What such a file begins with: the pixels follow. */
export function encodeIdxImagesHeader(count: number, shape: ImageShape): Uint8Array {
  return allocateIdx(0x08, imageSizes(count, shape), 0).bytes;
}

function imageSizes(count: number, { height, width, channels }: ImageShape): number[] {
  return channels === 1 ? [count, height, width] : [count, height, width, channels];
}

/** uint8 where all labels fit, else int32. */
export function encodeIdxLabels(labels: Uint16Array): Uint8Array {
  if (labels.every((label) => label <= 0xff)) {
    const { bytes, headerBytes } = allocateIdx(0x08, [labels.length], 1);
    bytes.set(labels, headerBytes);
    return bytes;
  }
  const { bytes, view, headerBytes } = allocateIdx(0x0c, [labels.length], 4);
  labels.forEach((label, i) => view.setInt32(headerBytes + 4 * i, label));
  return bytes;
}

function allocateIdx(elementType: number, sizes: readonly number[], elementBytes: number) {
  const headerBytes = 4 + 4 * sizes.length;
  const elements = sizes.reduce((product, size) => product * size, 1);
  const bytes = new Uint8Array(headerBytes + elements * elementBytes);
  const view = new DataView(bytes.buffer);
  bytes[2] = elementType;
  bytes[3] = sizes.length;
  sizes.forEach((size, i) => view.setUint32(4 + 4 * i, size));
  return { bytes, view, headerBytes };
}

function checkLength(bytes: Uint8Array, header: IdxHeader, record: string, file: string): void {
  const { headerBytes, fileBytes, sizes } = header;
  if (bytes.length === fileBytes) return;
  const announced = `its header announces ${sizes.join(' × ')} elements, so ${fileBytes} bytes`;
  if (bytes.length > fileBytes) {
    const surplus = bytes.length - fileBytes;
    throw failIn(file)(`has ${surplus} bytes too many, from byte ${fileBytes} on: ${announced}`);
  }
  const recordBytes = (fileBytes - headerBytes) / sizes[0]!;
  const cut = Math.floor((bytes.length - headerBytes) / recordBytes);
  throw failIn(file)(
    `is cut short at byte ${bytes.length}, within ${record} ${cut} of ${sizes[0]}: ${announced}`,
  );
}

function failIn(file: string): (what: string) => LockstepError {
  return (what) =>
    new LockstepError('DATA_IDX_INVALID', `${file} ${what}.`, {
      where: { file },
      hint: 'Copy or fetch the file again; if it was made by a program, compare it with docs/data.md, "IDX".',
    });
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
