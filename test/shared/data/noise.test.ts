import t from 'tap';
import { addAttributeNoise, addClassNoise } from '#src/shared/data/noise.js';

const LABELS = [0, 1, 2, 0, 1, 2, 0, 1, 0, 0, 1, 2];
const SAMPLES = Uint32Array.from(LABELS, (_, i) => 2 * i);

function mislabelled(
  level: number,
  pairs: readonly (readonly [number, number])[] | null,
): number[] {
  const labels = Uint16Array.from(LABELS);
  addClassNoise(labels, SAMPLES, 3, { level, pairs }, 5);
  return Array.from(labels);
}

// The values are those of a program of its own in Python, from Philox's published constants on.
t.test('class noise hits the samples, with the labels, that a second program says', (t) => {
  t.same(mislabelled(0.5, null), [1, 2, 2, 0, 2, 0, 0, 1, 2, 2, 0, 2]);
  t.same(mislabelled(0.5, [[0, 2]]), [2, 1, 2, 0, 1, 0, 0, 1, 2, 2, 1, 2]);
  t.end();
});

t.test('at level 0 nothing is mislabelled, at level 1 everything, by the scheme', (t) => {
  t.same(mislabelled(0, null), LABELS);
  t.ok(mislabelled(1, null).every((label, i) => label !== LABELS[i] && label < 3));
  const swapped = LABELS.map((label) => [2, 1, 0][label]);
  t.same(mislabelled(1, [[2, 0]]), swapped);
  t.end();
});

t.test('the share of wrong labels is the level, spread evenly over the other classes', (t) => {
  const labels = new Uint16Array(60_000).fill(3);
  const samples = Uint32Array.from(labels.keys());
  addClassNoise(labels, samples, 5, { level: 0.3, pairs: null }, 1);
  const counts = [0, 1, 2, 3, 4].map((c) => labels.filter((label) => label === c).length);
  // Four standard deviations of a binomial: √(60000 · 0.3 · 0.7) = 112, √(60000 · 0.075 · 0.925) = 65.
  t.ok(Math.abs(counts[3]! - 42_000) < 450, String(counts[3]));
  for (const c of [0, 1, 2, 4]) t.ok(Math.abs(counts[c]! - 4500) < 260, String(counts[c]));
  t.end();
});

const IMAGES = [
  [0, 10, 200, 7],
  [255, 20, 100, 7],
  [128, 30, 150, 7],
  [3, 12, 110, 7],
];

t.test('attribute noise stays between the least and the greatest of each attribute', (t) => {
  const pixels = Uint8Array.from(IMAGES.flat());
  const shape = { height: 2, width: 2, channels: 1 };
  addAttributeNoise({ pixels, count: 4, shape }, Uint32Array.from([1, 4, 5, 9]), 0.6, 11);
  t.same(Array.from(pixels), [206, 19, 194, 7, 255, 25, 140, 7, 128, 21, 174, 7, 73, 12, 140, 7]);
  t.end();
});

t.test('a sample is hit the same way wherever the split has put it', (t) => {
  const shape = { height: 1, width: 4, channels: 1 };
  const [first, , , last] = IMAGES;
  const noisy = (images: readonly number[][], samples: readonly number[]): number[] => {
    // Two images more, so that the domains are the same.
    const pixels = Uint8Array.from([...images, [0, 0, 0, 0], [255, 255, 255, 255]].flat());
    const all = Uint32Array.from([...samples, 100, 101]);
    addAttributeNoise({ pixels, count: all.length, shape }, all, 0.5, 2);
    return Array.from(pixels);
  };
  t.same(noisy([first!, last!], [0, 3]).slice(4, 8), noisy([last!], [3]).slice(0, 4));
  t.end();
});
