import t from 'tap';
import type { Erasing } from '#src/shared/augmentation/augmentation.js';
import { Draws } from '#src/shared/augmentation/draws.js';
import { drawRectangle, erase } from '#src/shared/augmentation/erase.js';
import { philox4x32 } from '#src/shared/numerics/philox.js';

/** s_l, s_h and r₁ of the paper. */
const PAPER: Erasing = { probability: 0.5, minArea: 0.02, maxArea: 0.4, minAspect: 0.3 };
const shape = { height: 28, width: 28, channels: 1 };

const drawsOf = (sample: number, epoch = 0): Draws => {
  const draws = new Draws(7);
  draws.begin(sample, epoch);
  return draws;
};

t.test('the share of samples, their areas and shapes are those asked for', async (t) => {
  let erased = 0;
  const [areas, aspects]: [number[], number[]] = [[], []];
  for (let sample = 0; sample < 4000; sample++) {
    const rectangle = drawRectangle(drawsOf(sample), PAPER, shape);
    if (rectangle === null) continue;
    erased++;
    const { top, left, height, width } = rectangle;
    if (top < 0 || left < 0 || top + height > 28 || left + width > 28) t.fail('outside');
    areas.push((height * width) / 784);
    aspects.push(height / width);
  }
  t.ok(Math.abs(erased - 2000) < 160, `${erased} of 4000`);
  // Sides are whole pixels, so that bounds are passed a little.
  t.ok(Math.min(...areas) > 0.01 && Math.min(...areas) < 0.03, `${Math.min(...areas)}`);
  t.ok(Math.max(...areas) > 0.37 && Math.max(...areas) < 0.43, `${Math.max(...areas)}`);
  t.ok(Math.min(...aspects) < 0.4 && Math.max(...aspects) > 2.5, 'flat ones and steep ones');
});

t.test('a probability of 0 erases nothing, of 1 everything', async (t) => {
  for (let sample = 0; sample < 200; sample++) {
    t.equal(drawRectangle(drawsOf(sample), { ...PAPER, probability: 0 }, shape), null);
    t.ok(drawRectangle(drawsOf(sample), { ...PAPER, probability: 1 }, shape));
  }
});

t.test('a rectangle that does not fit is drawn again, by hand', async (t) => {
  const flat = { probability: 1, minArea: 0.5, maxArea: 1, minAspect: 0.1 };
  const words = new Uint32Array(4);
  let again = 0;
  for (let sample = 0; sample < 50; sample++) {
    const got = drawRectangle(drawsOf(sample, 2), flat, shape);
    let expected: object | null = null;
    for (let attempt = 1; expected === null && attempt <= 100; attempt++) {
      philox4x32(attempt, sample, 2, 5 * 2 ** 24 + 1, 7, 0, words);
      const [area, aspect, y, x] = [...words].map((word) => word / 2 ** 32) as [
        number,
        number,
        number,
        number,
      ];
      const size = (0.5 + (1 - 0.5) * area) * 28 * 28;
      const ratio = 0.1 + (10 - 0.1) * aspect;
      const [height, width] = [
        Math.round(Math.sqrt(size * ratio)),
        Math.round(Math.sqrt(size / ratio)),
      ];
      if (height > 28 || width > 28) {
        again++;
        continue;
      }
      const [top, left] = [Math.floor(y * (29 - height)), Math.floor(x * (29 - width))];
      expected = { top, left, height, width };
    }
    t.same(got, expected, `sample ${String(sample)}`);
  }
  t.ok(again > 20, `${String(again)} drawn again`);
});

t.test('the rectangle is refilled, byte by byte of the stream, and nothing else is', async (t) => {
  const image = { height: 6, width: 7, channels: 2 };
  const pixels = new Uint8Array(3 + 84).fill(1);
  erase(drawsOf(11, 5), pixels, 3, image, { top: 1, left: 2, height: 4, width: 3 });
  const words = new Uint32Array(8);
  philox4x32(0, 11, 5, 5 * 2 ** 24 + 2, 7, 0, words, 0);
  philox4x32(1, 11, 5, 5 * 2 ** 24 + 2, 7, 0, words, 4);
  const stream = new Uint8Array(words.buffer);
  const expected = new Uint8Array(3 + 84).fill(1);
  let e = 0;
  for (let y = 1; y < 5; y++) {
    for (let x = 2; x < 5; x++) {
      for (let c = 0; c < 2; c++) expected[3 + (y * 7 + x) * 2 + c] = stream[e++]!;
    }
  }
  t.equal(e, 24, 'into the second block');
  t.same(pixels, expected);
});
