/** PNG and JPEG files whose pixels are known, written here byte by byte. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Colour types of PNG, and how many values a pixel has. */
export const PNG_TYPES = { grey: [0, 1], rgb: [2, 3], palette: [3, 1], greyAlpha: [4, 2], rgba: [6, 4] } as const; // prettier-ignore

export interface PngWish {
  readonly type: keyof typeof PNG_TYPES;
  readonly width: number;
  readonly height: number;
  /** One number a value: [height, width, values of the type]. */
  readonly values: readonly number[];
  readonly bits?: 8 | 16;
  /** Chunks between header and pixels. */
  readonly chunks?: readonly Buffer[];
}

export function png({ type, width, height, values, bits = 8, chunks = [] }: PngWish): Buffer {
  const [colourType, perPixel] = PNG_TYPES[type];
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bits, colourType, 0, 0, 0], 8);
  const row = width * perPixel;
  const lines = Array.from({ length: height }, (_, y) => {
    const line = values.slice(y * row, (y + 1) * row);
    const bytes = bits === 8 ? line : line.flatMap((value) => [value >> 8, value & 255]);
    return [0, ...bytes];
  });
  const pixels = deflateSync(Buffer.from(lines.flat()));
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    ...chunks,
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

export function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(8 + body.length);
  out.writeUInt32BE(data.length, 0);
  out.set(body, 4);
  out.writeUInt32BE(crc32(body) >>> 0, 4 + body.length);
  return out;
}

/**
 * A grey JPEG of 8 × 8 pixels that all have the value 128 + `level`, 32 ≤ level ≤ 63: its one block has
 * nothing but a mean (ITU-T T.81: quantised by 8, which the inverse transform divides by again). The
 * Huffman tables have one code each: 0 for a difference of 6 bits, and 0 for the end of the block.
 */
export function flatJpeg(level: number, before: Buffer = Buffer.alloc(0)): Buffer {
  const segment = (marker: number, ...data: number[]) =>
    Buffer.from([0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255, ...data]);
  const oneCode = (table: number, symbol: number) => [
    table,
    1,
    ...Array<number>(15).fill(0),
    symbol,
  ];
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    before,
    segment(0xdb, 0, ...Array<number>(64).fill(8)),
    segment(0xc0, 8, 0, 8, 0, 8, 1, 1, 0x11, 0),
    segment(0xc4, ...oneCode(0x00, 6)),
    segment(0xc4, ...oneCode(0x10, 0)),
    segment(0xda, 1, 1, 0x00, 0, 63, 0),
    // Code 0, six bits of the level, code 0.
    Buffer.from([level << 1]),
    Buffer.from([0xff, 0xd9]),
  ]);
}

/** The EXIF segment that tells an orientation, 1 … 8, and nothing else. */
export function exifOrientation(orientation: number): Buffer {
  const tiff = Buffer.from('4d4d002a00000008000101120003000000010000000000000000', 'hex');
  tiff.writeUInt16BE(orientation, 18);
  const data = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
  const length = data.length + 2;
  return Buffer.concat([Buffer.from([0xff, 0xe1, length >> 8, length & 255]), data]);
}

export function writePhoto(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}
