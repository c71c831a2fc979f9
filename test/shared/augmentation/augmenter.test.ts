import { createHash } from 'node:crypto';
import t from 'tap';
import type { Augmentation } from '#src/shared/augmentation/augmentation.js';
import { Augmenter } from '#src/shared/augmentation/augmenter.js';
import { fashionMnist } from '../../support/fashion-mnist.js';

const NONE: Augmentation = {
  ...{ flip: false, shift: 0, zoom: 0, rotation: 0, shear: 0 },
  erasing: { probability: 0, minArea: 0.02, maxArea: 0.4, minAspect: 0.3 },
};
const ALL: Augmentation = {
  ...{ flip: true, shift: 0.1, zoom: 0.15, rotation: 15, shear: 0.2 },
  erasing: { ...NONE.erasing, probability: 0.5 },
};
const { train } = await fashionMnist();

/** Images `samples` in epoch `epoch`. */
function written(wish: Augmentation, samples: readonly number[], epoch: number): Uint8Array {
  const augmenter = new Augmenter(wish, train.shape, 42);
  const to = new Uint8Array(samples.length * 784);
  samples.forEach((sample, i) => {
    augmenter.write(train.pixels, sample * 784, sample, epoch, to, i * 784);
  });
  return to;
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const SAMPLES = Array.from({ length: 64 }, (_, i) => i * 900);

t.test('a sample is the same whoever writes it, after whatever else', async (t) => {
  const all = written(ALL, SAMPLES, 3);
  const backwards = written(ALL, [...SAMPLES].reverse(), 3);
  SAMPLES.forEach((_, i) => {
    const there = backwards.subarray((63 - i) * 784, (64 - i) * 784);
    t.equal(digestOf(all.subarray(i * 784, (i + 1) * 784)), digestOf(there));
  });
});

t.test('every change shows, and shows anew in every epoch; the set stays as it is', async (t) => {
  const before = digestOf(train.pixels);
  const plain = digestOf(written(NONE, SAMPLES, 0));
  const wishes: Partial<Augmentation>[] = [
    { flip: true },
    { shift: 0.1 },
    { zoom: 0.15 },
    { rotation: 15 },
    { shear: 0.2 },
    { erasing: ALL.erasing },
  ];
  for (const wish of wishes) {
    const [first, second] = [0, 1].map((epoch) =>
      digestOf(written({ ...NONE, ...wish }, SAMPLES, epoch)),
    );
    t.not(first, plain, JSON.stringify(wish));
    t.not(first, second, JSON.stringify(wish));
  }
  t.equal(digestOf(written(NONE, SAMPLES, 1)), plain);
  t.equal(digestOf(train.pixels), before);
});

t.test('real images, changed, are those of earlier versions to the byte', async (t) => {
  const digest = createHash('sha256')
    .update(written(ALL, SAMPLES, 1))
    .digest('hex');
  t.equal(digest, 'b745b7773e9f28661247cd3badd41d3366cc0e66d20756b82fbb66945a77f22d');
});

t.test('a thousand images are changed in a fraction of the time that they train', async (t) => {
  const samples = Array.from({ length: 1000 }, (_, i) => i);
  written(ALL, samples, 0);
  const began = performance.now();
  written(ALL, samples, 1);
  const micros = performance.now() - began;
  t.comment(`${micros.toFixed(1)} µs an image`);
  t.ok(micros < 200, 'microseconds an image');
});
