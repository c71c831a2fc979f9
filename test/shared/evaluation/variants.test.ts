import t from 'tap';
import { IMAGE_VARIANTS } from '#src/shared/evaluation/variants.js';

const apply = (name: string, image: Uint8Array, side: number, index = 0): Uint8Array =>
  IMAGE_VARIANTS.find((each) => each.name === name)!.apply(
    image,
    { height: side, width: side, channels: 1 },
    index,
  );
/** A dark hole in a bright ring on black. */
const RING = Uint8Array.of(
  ...[0, 0, 0, 0, 0],
  ...[0, 200, 200, 200, 0],
  ...[0, 200, 0, 200, 0],
  ...[0, 200, 200, 200, 0],
  ...[0, 0, 0, 0, 15],
);

t.test('a white background reaches as far as the dark does, not into the object', (t) => {
  t.same(
    [...apply('white background', RING, 5)],
    [
      ...[255, 255, 255, 255, 255],
      ...[255, 200, 200, 200, 255],
      ...[255, 200, 0, 200, 255],
      ...[255, 200, 200, 200, 255],
      ...[255, 255, 255, 255, 255],
    ],
  );
  t.end();
});

t.test('inverted images are 255 minus what they were', (t) => {
  t.same([...apply('inverted', Uint8Array.of(0, 15, 200, 255), 2)], [255, 240, 55, 0]);
  t.end();
});

t.test('smaller and larger keep the centre and change the area by their scale squared', (t) => {
  const side = 28;
  const square = new Uint8Array(side * side);
  for (let y = 8; y < 20; y++) square.fill(240, y * side + 8, y * side + 20);
  const mass = (image: Uint8Array) => image.reduce((sum, value) => sum + value, 0);
  const centre = (image: Uint8Array) =>
    image.reduce((sum, value, i) => sum + value * (i % side), 0) / mass(image);
  for (const [name, scale] of [
    ['smaller', 0.75],
    ['larger', 1.25],
  ] as const) {
    const changed = apply(name, square, side);
    const ratio = mass(changed) / mass(square);
    t.ok(Math.abs(ratio - scale * scale) < 0.05, `${name}: ${String(ratio)}`);
    t.ok(Math.abs(centre(changed) - 13.5) < 0.01);
  }
  t.end();
});

t.test('shifts are whole, at most a seventh of the side, and differ between images', (t) => {
  const side = 28;
  const dot = new Uint8Array(side * side);
  dot[14 * side + 14] = 255;
  const places = Array.from({ length: 200 }, (_, i) => {
    const place = apply('shifted', dot, side, i).indexOf(255);
    return [Math.floor(place / side) - 14, (place % side) - 14] as const;
  });
  t.ok(places.every(([down, right]) => Math.abs(down) <= 4 && Math.abs(right) <= 4));
  t.equal(new Set(places.map(([down]) => down)).size, 9, 'all of −4 … 4 occur');
  t.equal(new Set(places.map(([, right]) => right)).size, 9);
  t.end();
});

t.test('noise has the standard deviation it says, and is the same again', (t) => {
  const grey = new Uint8Array(100 * 100).fill(128);
  const noisy = apply('noisy', grey, 100, 7);
  const mean = noisy.reduce((sum, v) => sum + v, 0) / noisy.length;
  const deviation = Math.sqrt(noisy.reduce((sum, v) => sum + (v - mean) ** 2, 0) / noisy.length);
  t.ok(Math.abs(mean - 128) < 1, String(mean));
  t.ok(Math.abs(deviation - 25.5) < 0.7, String(deviation));
  t.equal(Buffer.compare(apply('noisy', grey, 100, 7), noisy), 0);
  t.not(Buffer.compare(apply('noisy', grey, 100, 8), noisy), 0);
  t.end();
});
