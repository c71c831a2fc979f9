import { crc32, deflateSync } from 'node:zlib';
import type { ImageShape } from '../shared/data/image-set.js';

/** PNG's colour types by channels: grey, grey with alpha, RGB, RGB with alpha. */
const COLOUR_TYPE: Readonly<Record<number, number>> = { 1: 0, 2: 4, 3: 2, 4: 6 };
const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** uint8 [height, width, channels], 1 to 4 channels, as a PNG file (ISO/IEC 15948). */
export function encodePng(pixels: Uint8Array, { height, width, channels }: ImageShape): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, COLOUR_TYPE[channels]!, 0, 0, 0], 8);
  const row = width * channels;
  const lines = Buffer.alloc(height * (row + 1)); // each begins with its filter: none
  for (let y = 0; y < height; y++) {
    lines.set(pixels.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  }
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(name: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** An image of any number of channels as a data URL: of those that are no colours, the first. */
export function imageUrl(pixels: Uint8Array, shape: ImageShape): string {
  const shown = shape.channels <= 4 && shape.channels !== 2;
  const first = (): Uint8Array => pixels.filter((_, i) => i % shape.channels === 0);
  return shown ? pngUrl(pixels, shape) : pngUrl(first(), { ...shape, channels: 1 });
}

export const pngUrl = (pixels: Uint8Array, shape: ImageShape): string =>
  `data:image/png;base64,${encodePng(pixels, shape).toString('base64')}`;
