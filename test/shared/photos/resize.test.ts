import { createHash } from 'node:crypto';
import t from 'tap';
import { resized } from '#src/shared/photos/resize.js';
import { randomBytesOf } from './random-raster.js';

t.test('known values, worked out by hand', async (t) => {
  const row = (values: number[], channels = 1) => ({
    ...{ height: 1, width: values.length / channels, channels },
    pixels: Uint8Array.from(values),
  });
  // Halved, the triangle spans four pixels: 3/7, 3/7 and 1/7 of the three that are there.
  t.same([...resized(row([0, 0, 255, 255]), 1, 2).pixels], [36, 219]);
  // Doubled: 3/4 and 1/4 of neighbours; the border's own at the ends.
  t.same([...resized(row([0, 100]), 1, 4).pixels], [0, 25, 75, 100]);
  t.same([...resized(row([1, 2, 3]), 1, 3).pixels], [1, 2, 3], 'its own size');
  t.same([...resized(row([0, 10, 0, 10, 100, 20, 100, 20], 2), 1, 2).pixels], [14, 11, 86, 19]);
  const column = { height: 4, width: 1, channels: 1, pixels: Uint8Array.from([0, 0, 255, 255]) };
  t.same([...resized(column, 2, 1).pixels], [36, 219]);
});

t.test('the bytes that Pillow 13 makes of the same pictures', async (t) => {
  // hashlib.sha256(Image.fromarray(picture).resize((width, height), Image.BILINEAR).tobytes())
  const known = [
    [80, 60, 3, 28, 21, 'cd8eff2f068968319d2e3ab81afb778819ee52506bf619988d094b816fd7e749'],
    [7, 5, 1, 28, 28, '6657d4731a2a5787c85001fa4c785f1f5b3322838620e285997083693ef57805'],
  ] as const;
  for (const [height, width, channels, toHeight, toWidth, digest] of known) {
    const picture = randomBytesOf(height, width, channels, height);
    const { pixels } = resized(picture, toHeight, toWidth);
    t.equal(createHash('sha256').update(pixels).digest('hex'), digest);
  }
});

t.test('as the definition in floating point says, to the rounding of two passes', async (t) => {
  for (const [height, width, toHeight, toWidth, channels] of [
    [80, 60, 28, 21, 3],
    [7, 5, 28, 28, 1],
    [33, 64, 1, 1, 3],
    [50, 20, 20, 50, 4],
  ] as const) {
    const raster = randomBytesOf(height, width, channels, height);
    const got = resized(raster, toHeight, toWidth);
    const exact = defined(raster, toHeight, toWidth);
    let most = 0;
    got.pixels.forEach((value, i) => (most = Math.max(most, Math.abs(value - exact[i]!))));
    t.ok(most < 1.01, `${String(most)} at most`);
    t.equal(got.pixels.length, toHeight * toWidth * channels);
  }
});

/** The same filter without any rounding: float64 [toHeight, toWidth, channels]. */
function defined(
  { height, width, channels, pixels }: ReturnType<typeof randomBytesOf>,
  toHeight: number,
  toWidth: number,
): number[] {
  const shares = (from: number, to: number, at: number): number[] => {
    const scale = from / to;
    const all = Array.from({ length: from }, (_, i) =>
      Math.max(0, 1 - Math.abs((i + 0.5 - (at + 0.5) * scale) / Math.max(scale, 1))),
    );
    const sum = all.reduce((a, b) => a + b);
    return all.map((share) => share / sum);
  };
  const out: number[] = [];
  for (let y = 0; y < toHeight; y++) {
    const down = shares(height, toHeight, y);
    for (let x = 0; x < toWidth; x++) {
      const across = shares(width, toWidth, x);
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        down.forEach((a, i) => {
          if (a === 0) return;
          across.forEach((b, j) => (sum += a * b * pixels[(i * width + j) * channels + c]!));
        });
        out.push(sum);
      }
    }
  }
  return out;
}
