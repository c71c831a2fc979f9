import t from 'tap';
import { processed, parseColour, type PhotoOptions } from '#src/shared/photos/photo-options.js';
import { flatten, inverted, luma, stretched, toColour, toGrey } from '#src/shared/photos/raster.js';
import { placed, scaledSizes } from '#src/shared/photos/fit.js';

const raster = (height: number, width: number, channels: number, values: number[]) => ({
  ...{ height, width, channels },
  pixels: Uint8Array.from(values),
});

t.test('grey is the luma of BT.601, as Pillow rounds it', async (t) => {
  // Image.new('RGB', (1, 1), colour).convert('L').getpixel((0, 0)) of Pillow.
  const known: [number, number, number, number][] = [
    [255, 0, 0, 76],
    [0, 255, 0, 150],
    [0, 0, 255, 29],
    [255, 255, 255, 255],
    [10, 20, 30, 18],
    [200, 100, 50, 124],
  ];
  for (const [red, green, blue, grey] of known) t.equal(luma(red, green, blue), grey);
  const colours = raster(1, 2, 3, [255, 0, 0, 10, 20, 30]);
  t.same([...toGrey(colours).pixels], [76, 18]);
  t.same([...toColour(raster(1, 2, 1, [7, 9])).pixels], [7, 7, 7, 9, 9, 9]);
});

t.test('transparency is laid on the background', async (t) => {
  const rgba = raster(1, 3, 4, [200, 100, 0, 255, 200, 100, 0, 0, 200, 100, 0, 128]);
  // (200 · 128 + 255 · 127) / 255 = 227.39, (100 · 128 + 255 · 127) / 255 = 177.2, 127.
  t.same([...flatten(rgba, [255, 255, 255]).pixels], [200, 100, 0, 255, 255, 255, 227, 177, 127]);
  const grey = raster(1, 1, 2, [0, 51]);
  // The luma of the background: (0 · 51 + 76 · 204) / 255 = 60.8.
  t.same([...flatten(grey, [255, 0, 0]).pixels], [61]);
});

t.test('values are inverted, and stretched to all that there are', async (t) => {
  t.same([...inverted(raster(1, 3, 1, [0, 100, 255])).pixels], [255, 155, 0]);
  // (v − 50) · 255 / 100: 0, 127.5, 255; halves go up.
  t.same([...stretched(raster(1, 3, 1, [50, 100, 150])).pixels], [0, 128, 255]);
  t.same([...stretched(raster(1, 2, 1, [7, 7])).pixels], [7, 7], 'nothing to stretch');
  const full = raster(1, 3, 1, [0, 3, 255]);
  t.same([...stretched(full).pixels], [0, 3, 255]);
});

t.test('sizes that fit keep the proportions', async (t) => {
  const to = { height: 28, width: 28 };
  t.same(scaledSizes({ height: 80, width: 60 }, to, 'contain'), { height: 28, width: 21 });
  t.same(scaledSizes({ height: 60, width: 80 }, to, 'contain'), { height: 21, width: 28 });
  t.same(scaledSizes({ height: 80, width: 60 }, to, 'cover'), { height: 37, width: 28 });
  t.same(scaledSizes({ height: 60, width: 80 }, to, 'cover'), { height: 28, width: 37 });
  t.same(scaledSizes({ height: 1, width: 1000 }, to, 'contain'), { height: 1, width: 28 });
  const line = raster(1, 3, 1, [1, 2, 3]);
  t.same([...placed(line, { height: 2, width: 6 }, [9, 9, 9]).pixels], [9, 1, 2, 3, 9, 9, ...Array(6).fill(9)]); // prettier-ignore
  const wide = raster(2, 5, 1, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  t.same([...placed(wide, { height: 3, width: 3 }, [0, 0, 0]).pixels], [2, 3, 4, 7, 8, 9, 0, 0, 0]);
  const tall = raster(3, 1, 3, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.same([...placed(tall, { height: 1, width: 3 }, [11, 12, 13]).pixels], [11, 12, 13, 4, 5, 6, 11, 12, 13]); // prettier-ignore
});

t.test('what is done, is done in one order', async (t) => {
  const options: PhotoOptions = {
    ...{ grey: true, fit: 'contain', background: parseColour('white') },
    ...{ normalize: true, invert: true, resize: { height: 1, width: 4 } },
  };
  // Two pixels: grey 76 and 29, stretched to 255 and 0, inverted to 0 and 255; so is the white.
  const rgb = raster(1, 2, 3, [255, 0, 0, 0, 0, 255]);
  t.same([...processed(rgb, options).pixels], [0, 0, 255, 0]);
  const plain = { ...options, grey: false, normalize: false, invert: false, resize: null };
  t.same([...processed(raster(1, 1, 1, [5]), plain).pixels], [5, 5, 5], 'three channels');
  t.same(parseColour('#0aff80'), [10, 255, 128]);
  t.throws(() => parseColour('reddish'), { code: 'USAGE_INVALID', message: /"reddish" is no/ });
});
