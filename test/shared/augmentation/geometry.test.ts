import t from 'tap';
import type { Augmentation } from '#src/shared/augmentation/augmentation.js';
import { Draws } from '#src/shared/augmentation/draws.js';
import { drawGeometry, sourceMap, type Geometry } from '#src/shared/augmentation/geometry.js';
import { move, warp } from '#src/shared/augmentation/warp.js';
import type { ImageShape } from '#src/shared/data/image-set.js';
import { philox4x32 } from '#src/shared/numerics/philox.js';

const STILL: Geometry = { mirrored: false, right: 0, down: 0, zoom: 1, turn: 0, slant: 0 };

/** The image as rows, changed; behind another image, and before other bytes. */
function changed(
  rows: readonly (readonly number[])[],
  geometry: Partial<Geometry>,
  how: 'move' | 'warp' = 'warp',
): number[][] {
  const shape: ImageShape = { height: rows.length, width: rows[0]!.length, channels: 1 };
  const size = shape.height * shape.width;
  const from = Uint8Array.from([...Array<number>(size).fill(255), ...rows.flat(), 255, 255, 255]);
  const to = new Uint8Array(size + 8).fill(7);
  const whole = { ...STILL, ...geometry };
  if (how === 'move') move(from, size, to, 4, shape, whole);
  else warp(from, size, to, 4, shape, sourceMap(whole, shape));
  t.same([...to.subarray(0, 4), ...to.subarray(size + 4)], Array(8).fill(7), 'nothing beside it');
  return rows.map((_, y) => [...to.subarray(4 + y * shape.width, 4 + (y + 1) * shape.width)]);
}

const IMAGE = [
  [1, 2, 3, 4],
  [5, 6, 7, 8],
  [9, 10, 11, 12],
];

t.test('a move mirrors, then shifts by whole pixels, and lets black in', async (t) => {
  t.same(changed(IMAGE, {}, 'move'), IMAGE);
  t.same(changed(IMAGE, { mirrored: true }, 'move')[0], [4, 3, 2, 1]);
  t.same(changed(IMAGE, { right: 1, down: -1 }, 'move'), [
    [0, 5, 6, 7],
    [0, 9, 10, 11],
    [0, 0, 0, 0],
  ]);
  t.same(changed(IMAGE, { mirrored: true, right: -2 }, 'move')[1], [6, 5, 0, 0]);
  t.same(changed(IMAGE, { right: 4 }, 'move').flat(), Array(12).fill(0));
});

t.test('a warp that only moves is that move', async (t) => {
  for (const geometry of [
    { mirrored: true },
    { mirrored: true, right: -2, down: 1 },
    { right: 3, down: -2 },
  ]) {
    t.same(changed(IMAGE, geometry), changed(IMAGE, geometry, 'move'));
  }
});

t.test('a zoom by 2 takes means at quarters of a pixel', async (t) => {
  // Sources of the four columns: 0.75, 1.25, 1.75, 2.25. Of the rows: 0.25, 0.75; all alike.
  const row = [0, 100, 200, 40];
  t.same(changed([row, row], { zoom: 2 }), [
    [75, 125, 175, 160],
    [75, 125, 175, 160],
  ]);
  // Zoom ½: sources −1.5, 0.5, 2.5, 4.5; the rows −0.5 and 1.5 are half outside.
  t.same(changed([row, row], { zoom: 0.5 }), [
    [0, 25, 60, 0],
    [0, 25, 60, 0],
  ]);
});

t.test('turns are against the clock, about the centre', async (t) => {
  const square = [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ];
  t.same(changed(square, { turn: 0.5 }), [
    [3, 6, 9],
    [2, 5, 8],
    [1, 4, 7],
  ]);
  t.same(changed(square, { turn: -0.5 }), [
    [7, 4, 1],
    [8, 5, 2],
    [9, 6, 3],
  ]);
  t.same(
    changed(IMAGE, { turn: 1 }),
    [...IMAGE].reverse().map((row) => [...row].reverse()),
  );
  const dot = changed(
    [
      [0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0],
      [0, 0, 0, 0, 100],
    ],
    { turn: 0.25 },
  );
  // By 45°, the last pixel's place is (1.414 + 0.707, …): beyond the image's corner, at (4.12, 0.29).
  t.equal(dot[2]![4], 0);
});

t.test('a slant moves rows against each other', async (t) => {
  const bar = [
    [0, 9, 0],
    [0, 9, 0],
    [0, 9, 0],
  ];
  t.same(changed(bar, { slant: 1 }), [
    [9, 0, 0],
    [0, 9, 0],
    [0, 0, 9],
  ]);
  t.same(changed(bar, { slant: -0.5 })[0], [0, 5, 5], 'half a column: 4.5 is rounded up');
});

t.test('colours stay together', async (t) => {
  const shape = { height: 1, width: 3, channels: 2 };
  const from = Uint8Array.from([10, 20, 30, 40, 50, 60]);
  const to = new Uint8Array(6);
  move(from, 0, to, 0, shape, { ...STILL, mirrored: true });
  t.same([...to], [50, 60, 30, 40, 10, 20]);
  warp(from, 0, to, 0, shape, sourceMap({ ...STILL, zoom: 2 }, shape));
  t.same([...to], [20, 30, 30, 40, 40, 50]);
});

t.test('the draws of a sample are words of its own stream, by hand', async (t) => {
  const wish = { flip: true, shift: 0.1, zoom: 0.2, rotation: 30, shear: 0.4 };
  const erasing = { probability: 0, minArea: 0.02, maxArea: 0.4, minAspect: 0.3 };
  const draws = new Draws(3 * 2 ** 32 + 9);
  draws.begin(1234, 6);
  const geometry = drawGeometry(
    draws,
    { ...wish, erasing },
    { height: 28, width: 20, channels: 1 },
  );
  const words = new Uint32Array(8);
  philox4x32(0, 1234, 6, 5 * 2 ** 24, 9, 3, words, 0);
  philox4x32(1, 1234, 6, 5 * 2 ** 24, 9, 3, words, 4);
  const sided = (i: number) => -1 + (2 * words[i]!) / 2 ** 32;
  t.equal(geometry.mirrored, words[0]! < 2 ** 31);
  t.equal(geometry.right, Math.floor(sided(1) * 0.1 * 20 + 0.5));
  t.equal(geometry.down, Math.floor(sided(2) * 0.1 * 28 + 0.5));
  const near = (got: number, wanted: number) => t.ok(Math.abs(got - wanted) < 1e-12, `${got}`);
  near(geometry.zoom, 1 + sided(3) * 0.2);
  near(geometry.turn, (sided(4) * 30) / 180);
  near(geometry.slant, sided(5) * 0.4);
});

t.test('draws reach their bounds and favour no side', async (t) => {
  const erasing = { probability: 0, minArea: 0.02, maxArea: 0.4, minAspect: 0.3 };
  const wish: Augmentation = { flip: true, shift: 0.1, zoom: 0.1, rotation: 0, shear: 0, erasing };
  const draws = new Draws(1);
  const counts = new Map<number, number>();
  let mirrored = 0;
  for (let sample = 0; sample < 4000; sample++) {
    draws.begin(sample, 0);
    const drawn = drawGeometry(draws, wish, { height: 28, width: 28, channels: 1 });
    counts.set(drawn.right, (counts.get(drawn.right) ?? 0) + 1);
    if (drawn.mirrored) mirrored++;
    if (drawn.zoom < 0.9 || drawn.zoom > 1.1) t.fail('zoom out of its range');
  }
  t.ok(Math.abs(mirrored - 2000) < 160, `${mirrored} of 4000 mirrored`);
  t.same(
    [...counts.keys()].sort((a, b) => a - b),
    [-3, -2, -1, 0, 1, 2, 3],
    '2.8 pixels either way',
  );
  t.ok(Math.abs(counts.get(-2)! - counts.get(2)!) < 160);
});
