/**
 * A PNG or JPEG file as bytes from 0 to 255. Decoded by sharp (libvips, with libspng and
 * libjpeg-turbo): of the decoder's work only what is exact is used, and all else is ours.
 */
import { readFile, stat } from 'node:fs/promises';
import type { Sharp } from 'sharp';
import type { Raster } from '../../shared/photos/raster.js';
import { LockstepError } from '../../shared/errors.js';

/** A photograph that cannot be used, with the reason as the end of a sentence on its file. */
export class PhotoFault extends Error {
  constructor(readonly reason: string) {
    super(reason);
  }
}

/**
 * Its pixels, turned as its EXIF orientation says; two or four channels where it has transparency.
 * 16-bit values are brought to 8. Colour profiles are left aside. Throws PhotoFault.
 */
export async function decodePhoto(path: string): Promise<Raster> {
  const bytes = await readPhoto(path);
  const refused = refusal(bytes);
  if (refused !== null) throw new PhotoFault(refused);
  const sharp = await loadSharp();
  try {
    // Whatever libvips warns of: half a picture is no picture.
    const image = sharp(bytes, {
      ...{ failOn: 'warning', autoOrient: true, ignoreIcc: true },
      // `rasterOf` has a limit of its own, and words for it.
      limitInputPixels: false,
    });
    return await rasterOf(image);
  } catch (error) {
    if (error instanceof PhotoFault) throw error;
    const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new PhotoFault(`cannot be decoded: ${first.trim()}`);
  }
}

/** 800 MB with transparency, in each decoder: what the largest cameras of phones take. */
const MOST_PIXELS = 200_000_000;

async function rasterOf(image: Sharp): Promise<Raster> {
  const { space, ...sizes } = await image.metadata();
  if (sizes.width * sizes.height > MOST_PIXELS) {
    throw new PhotoFault(
      `has ${String(sizes.width)} × ${String(sizes.height)} pixels; at most 200 million are taken: make it smaller`,
    );
  }
  if (space === 'cmyk') throw new PhotoFault('is in CMYK; convert it to RGB');
  const raw = image.toColourspace('srgb').raw({ depth: 'uchar' });
  const { data, info } = await raw.toBuffer({ resolveWithObject: true });
  const { height, width, channels } = info;
  return { height, width, channels, pixels: data };
}

async function readPhoto(path: string): Promise<Uint8Array> {
  try {
    // Others may never end, or never begin.
    if (!(await stat(path)).isFile()) throw new PhotoFault('is no regular file');
    return await readFile(path);
  } catch (error) {
    if (error instanceof PhotoFault) throw error;
    throw new PhotoFault(`cannot be read: ${(error as Error).message}`);
  }
}

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const JPEG = [0xff, 0xd8, 0xff];

/** Why a file is not looked at any further; null: it may be decoded. */
export function refusal(bytes: Uint8Array): string | null {
  if (bytes.length === 0) return 'is empty';
  const starts = (magic: readonly number[]): boolean => magic.every((byte, i) => bytes[i] === byte);
  if (starts(JPEG)) return null;
  if (starts(PNG)) return isAnimated(bytes) ? 'is animated; keep one of its pictures' : null;
  const first = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0'));
  return `is no PNG and no JPEG: it begins with the bytes ${first.join(' ')}`;
}

/** Whether a PNG has the chunk acTL before its picture (https://www.w3.org/TR/png-3, 11.3.6.1). */
function isAnimated(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = PNG.length; at + 8 <= bytes.length;) {
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === 'acTL') return true;
    if (type === 'IDAT') return false;
    at += 12 + view.getUint32(at);
  }
  return false;
}

type SharpModule = typeof import('sharp').default;

async function loadSharp(): Promise<SharpModule> {
  try {
    const { default: sharp } = await import('sharp');
    // Each photograph is decoded once, and processes share the processors.
    sharp.cache(false);
    sharp.concurrency(1);
    return sharp;
  } catch (cause) {
    throw new LockstepError(
      'DATA_DECODER_MISSING',
      `The decoder of photographs, sharp, does not load on ${process.platform}-${process.arch}.`,
      { cause, hint: 'Install its optional packages: npm ci --include=optional.' },
    );
  }
}
