import t from 'tap';
import { gridPoints, gridValues, randomPoints, shuffledGrid, type Dimension } from '#src/shared/study/space.js'; // prettier-ignore
import type { Scalar, ValueRange } from '#src/shared/study/study-schema.js';

const list = (name: string, values: readonly Scalar[]): Dimension => ({
  name,
  values: { kind: 'list', values },
  keysOf: (value) => ({ [name]: value }),
});
const range = (name: string, of: ValueRange, whole = false): Dimension => ({
  name,
  values: { kind: 'range', range: of, whole },
  keysOf: (value) => ({ [name]: value }),
});

t.test('a grid has every combination once, the last dimension changing fastest', (t) => {
  const points = gridPoints([list('a', [1, 2]), list('b', ['x', 'y', 'z'])]);
  t.same(
    points.map(({ settings }) => settings),
    [
      { a: 1, b: 'x' },
      { a: 1, b: 'y' },
      { a: 1, b: 'z' },
      { a: 2, b: 'x' },
      { a: 2, b: 'y' },
      { a: 2, b: 'z' },
    ],
  );
  t.end();
});

t.test('ranges give clean values: powers, sums and whole numbers', (t) => {
  const log = { from: 1e-7, to: 1e-2, scale: 'log', points: 6 } as const;
  t.same(gridValues(range('r', log)), [1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2]);
  t.same(
    gridValues(range('r', { ...log, from: 0.001, to: 1, points: 7 })),
    [0.001, 0.003162, 0.01, 0.03162, 0.1, 0.3162, 1],
  );
  const linear = { from: 0.1, to: 0.5, scale: 'linear', points: 5 } as const;
  t.same(gridValues(range('d', linear)), [0.1, 0.2, 0.3, 0.4, 0.5]);
  const batches = { from: 128, to: 8192, scale: 'log', points: 7 } as const;
  t.same(gridValues(range('b', batches, true)), [128, 256, 512, 1024, 2048, 4096, 8192]);
  // Whole numbers that fall together count once.
  t.same(gridValues(range('b', { from: 1, to: 3, scale: 'linear', points: 6 }, true)), [1, 2, 3]);
  t.end();
});

// Words of Philox (seed 3, purpose 8, ordinal 1) as a second program, in Python, draws them:
// [0.4696, 0.7939], [0.4754, 0.2843], [0.4687, 0.1556], [0.2544, 0.5883].
t.test('a random search takes the values that the streams of numbers say', (t) => {
  const dimensions = [
    range('rate', { from: 1, to: 10000, scale: 'log' }),
    range('share', { from: 0, to: 1, scale: 'linear' }),
  ];
  const points = randomPoints(dimensions, 4, 3).map(({ settings }) => settings);
  // 10000^0.46960392664186656 = 75.5815…, and so on.
  t.same(
    points.map(({ rate }) => rate),
    [75.58, 79.74, 74.96, 10.42],
  );
  t.same(
    points.map(({ share }) => share),
    [0.794, 0.2843, 0.1556, 0.5883],
  );
  const lists = [list('a', ['p', 'q', 'r', 's']), list('b', [1, 2, 3])];
  t.same(
    randomPoints(lists, 4, 3).map(({ settings }) => settings),
    // ⌊4 · 0.4696⌋ = 1, ⌊3 · 0.794⌋ = 2; then (1, 0); (1, 0) again, left out; (1, 1); …
    [{ a: 'q', b: 3 }, { a: 'q', b: 1 }, { a: 'q', b: 2 }, randomPoints(lists, 4, 3)[3]!.settings],
  );
  t.end();
});

t.test('more runs are the same runs and further ones; a small space gives all it has', (t) => {
  const dimensions = [list('a', [1, 2, 3]), list('b', [1, 2])];
  const few = randomPoints(dimensions, 3, 9);
  t.same(randomPoints(dimensions, 6, 9).slice(0, 3), few);
  const all = randomPoints(dimensions, 50, 9).map(({ settings }) => JSON.stringify(settings));
  t.equal(new Set(all).size, 6);
  t.equal(all.length, 6);
  t.end();
});

t.test('a budget takes the beginning of the grid in a drawn order', (t) => {
  const dimensions = [list('a', [0, 1, 2]), list('b', [0, 1])];
  const order = shuffledGrid(dimensions, 3).map(
    ({ settings }) => (settings['a'] as number) * 2 + (settings['b'] as number),
  );
  t.same(order, [2, 4, 1, 5, 0, 3], 'the permutation that a second program makes');
  t.end();
});
