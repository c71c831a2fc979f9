import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import sharp from 'sharp';
import t from 'tap';
import { decodePhoto, PhotoFault } from '#src/coordinator/photos/decode-photo.js';
import { chunk, exifOrientation, flatJpeg, png } from '../../support/photo-files.js';

const folder = t.testdir();
let files = 0;

async function decoded(bytes: Uint8Array): Promise<unknown> {
  const path = join(folder, `photo-${String(++files)}`);
  writeFileSync(path, bytes);
  const { height, width, channels, pixels } = await decodePhoto(path);
  return [height, width, channels, [...pixels]];
}

async function faultOf(bytes: Uint8Array): Promise<string> {
  try {
    return `decoded: ${JSON.stringify(await decoded(bytes))}`;
  } catch (error) {
    if (error instanceof PhotoFault) return error.reason;
    throw error;
  }
}

t.test('PNG of every kind gives the pixels that were put in', async (t) => {
  const two = { width: 2, height: 1 } as const;
  const grey = png({ ...two, type: 'grey', values: [7, 200] });
  t.same(await decoded(grey), [1, 2, 3, [7, 7, 7, 200, 200, 200]]);
  const rgb = [1, 2, 3, 250, 100, 0];
  t.same(await decoded(png({ ...two, type: 'rgb', values: rgb })), [1, 2, 3, rgb]);
  const rgba = [1, 2, 3, 255, 250, 100, 0, 17];
  t.same(await decoded(png({ ...two, type: 'rgba', values: rgba })), [1, 2, 4, rgba]);
  const greyAlpha = png({ ...two, type: 'greyAlpha', values: [9, 255, 80, 40] });
  t.same(await decoded(greyAlpha), [1, 2, 4, [9, 9, 9, 255, 80, 80, 80, 40]]);
  const palette = chunk('PLTE', Buffer.from([10, 20, 30, 40, 50, 60]));
  const indexed = { ...two, type: 'palette', values: [1, 0] } as const;
  t.same(await decoded(png({ ...indexed, chunks: [palette] })), [
    1,
    2,
    3,
    [40, 50, 60, 10, 20, 30],
  ]);
  const see = [palette, chunk('tRNS', Buffer.from([255, 5]))];
  t.same(await decoded(png({ ...indexed, chunks: see })), [1, 2, 4, [40, 50, 60, 5, 10, 20, 30, 255]]); // prettier-ignore
  // A gamma or a colour profile is left aside: here Display P3's, out of a file that has it.
  const gamma = chunk('gAMA', Buffer.from([0, 0, 0xff, 0xff]));
  t.same(await decoded(png({ ...two, type: 'rgb', values: rgb, chunks: [gamma] })), [1, 2, 3, rgb]);
});

t.test('a colour profile changes no value', async (t) => {
  const values = [200, 30, 90, 10, 250, 128];
  const two = { type: 'rgb', width: 2, height: 1, values } as const;
  const other = await sharp(png(two)).withIccProfile('p3').png().toBuffer();
  const at = other.indexOf('iCCP') - 4;
  const profile = other.subarray(at, at + 12 + other.readUInt32BE(at));
  t.ok(profile.length > 200);
  t.same(await decoded(png({ ...two, chunks: [profile] })), [1, 2, 3, values]);
});

t.test('16 bits become 8: the upper ones', async (t) => {
  const values = [0x0000, 0x1234, 0x80ff, 0xffff, 0x00ff, 0x0100];
  const deep = png({ type: 'rgb', width: 2, height: 1, bits: 16, values });
  t.same(await decoded(deep), [1, 2, 3, [0x00, 0x12, 0x80, 0xff, 0x00, 0x01]]);
  const grey = png({ type: 'grey', width: 2, height: 1, bits: 16, values: [0x1234, 0xfeff] });
  t.same(await decoded(grey), [1, 2, 3, [0x12, 0x12, 0x12, 0xfe, 0xfe, 0xfe]]);
});

t.test('a JPEG of one known value, and one of a colour', async (t) => {
  t.same(await decoded(flatJpeg(40)), [8, 8, 3, Array(192).fill(168)]);
  t.same(await decoded(flatJpeg(63)), [8, 8, 3, Array(192).fill(191)]);
  const colour = { r: 200, g: 60, b: 20 };
  const create = { width: 16, height: 16, channels: 3, background: colour } as const;
  const [, , , values] = (await decoded(await sharp({ create }).jpeg().toBuffer())) as number[][];
  [colour.r, colour.g, colour.b].forEach((value, c) => {
    t.ok(Math.abs(values![c]! - value) <= 2, `${String(values![c])} for ${String(value)}`);
  });
});

t.test('all eight orientations of EXIF', async (t) => {
  // The picture 1 2 3 / 4 5 6, stored so that the orientation turns it back.
  const stored: Record<number, [number, number, number[]]> = {
    1: [2, 3, [1, 2, 3, 4, 5, 6]],
    2: [2, 3, [3, 2, 1, 6, 5, 4]],
    3: [2, 3, [6, 5, 4, 3, 2, 1]],
    4: [2, 3, [4, 5, 6, 1, 2, 3]],
    5: [3, 2, [1, 4, 2, 5, 3, 6]],
    6: [3, 2, [3, 6, 2, 5, 1, 4]],
    7: [3, 2, [6, 3, 5, 2, 4, 1]],
    8: [3, 2, [4, 1, 5, 2, 6, 3]],
  };
  for (const [orientation, [height, width, values]] of Object.entries(stored)) {
    const plain = png({ type: 'rgb', height, width, values: values.flatMap((v) => [v, v, v]) });
    // The EXIF chunk of PNG: the same TIFF structure as in a JPEG, without its name.
    const exif = chunk('eXIf', exifOrientation(Number(orientation)).subarray(10));
    const turned = Buffer.concat([plain.subarray(0, 33), exif, plain.subarray(33)]);
    const want = [1, 2, 3, 4, 5, 6].flatMap((v) => [v, v, v]);
    t.same(await decoded(turned), [2, 3, 3, want], `orientation ${orientation}`);
  }
  t.same(await decoded(flatJpeg(40, exifOrientation(6))), [8, 8, 3, Array(192).fill(168)]);
  const wide = { width: 24, height: 8, channels: 3, background: 'red' } as const;
  const jpeg = await sharp({ create: wide }).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  const [height, width] = (await decoded(jpeg)) as number[];
  t.same([height, width], [24, 8]);
});

t.test('what is broken, empty, animated, in CMYK or something else is told', async (t) => {
  const whole = png({ type: 'rgb', width: 9, height: 9, values: Array(243).fill(77) });
  t.equal(await faultOf(Buffer.alloc(0)), 'is empty');
  t.match(await faultOf(Buffer.from('GIF89a……')), /^is no PNG and no JPEG: .* 47 49 46 38$/);
  t.match(await faultOf(whole.subarray(0, whole.length - 30)), /^cannot be decoded: /);
  const damaged = Buffer.from(whole);
  damaged[whole.length - 20]! ^= 0xff;
  t.match(await faultOf(damaged), /^cannot be decoded: /);
  t.match(await faultOf(whole.subarray(0, 8)), /^cannot be decoded: /);
  const animated = png({
    ...{ type: 'rgb', width: 1, height: 1, values: [1, 2, 3] },
    chunks: [chunk('acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]))],
  });
  t.equal(await faultOf(animated), 'is animated; keep one of its pictures');
  const jpeg = await sharp(whole).jpeg().toBuffer();
  t.match(await faultOf(jpeg.subarray(0, jpeg.length - 60)), /^cannot be decoded: /);
  t.match(await faultOf(jpeg.subarray(0, 30)), /^cannot be decoded: /);
  const cmyk = await sharp(whole).toColourspace('cmyk').jpeg().toBuffer();
  t.equal(await faultOf(cmyk), 'is in CMYK; convert it to RGB');
  // Its header says more than is there: nothing is decoded.
  const header = Buffer.from([0, 0, 0x50, 0, 0, 0, 0x50, 0, 8, 2, 0, 0, 0]);
  const large = Buffer.concat([whole.subarray(0, 8), chunk('IHDR', header), whole.subarray(33)]);
  t.match(await faultOf(large), /^has 20480 × 20480 pixels; at most 200 million are taken/);
  await t.rejects(decodePhoto(join(folder, 'absent')), { message: /^cannot be read: ENOENT/ });
});
