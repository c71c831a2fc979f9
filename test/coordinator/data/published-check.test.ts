import { cpSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkPublished } from '#src/coordinator/data/published-check.js';
import type { DecodedFolder, DecodedSplit } from '#src/coordinator/data/decode-folder.js';
import { readDataFolder } from '#src/coordinator/data/read-data-folder.js';
import {
  FASHION_MNIST_CLASSES,
  FASHION_MNIST_DIGEST,
  FASHION_MNIST_FILES,
} from '#src/shared/data/fashion-mnist.js';
import type { ImageSet } from '#src/shared/data/image-set.js';
import { fashionMnist } from '../../support/fashion-mnist.js';
import { smallSet } from './image-folder.js';

const data = await fashionMnist();

const split = (set: ImageSet, name: string): DecodedSplit => ({
  ...set,
  imagesFile: `${name}-images`,
  labelsFile: `${name}-labels`,
});
const published: DecodedFolder = {
  train: split(data.train, 'train'),
  test: split(data.test, 't10k'),
  classes: FASHION_MNIST_CLASSES,
  classesAreNamed: false,
};
const withLabels = (set: DecodedSplit, change: (labels: Uint16Array) => void): DecodedSplit => {
  const labels = set.labels.slice();
  change(labels);
  return { ...set, labels };
};

t.test('the published set is known by what it holds', async (t) => {
  t.ok(checkPublished(published, false));
  t.ok(checkPublished({ ...published, classesAreNamed: true }, false));
  t.equal(data.digest, FASHION_MNIST_DIGEST);
  t.equal(data.name, 'fashion-mnist');
  t.same(data.train.classes, FASHION_MNIST_CLASSES);
});

t.test('the published set has 6000 and 1000 images of each class', async (t) => {
  for (const [set, perClass] of [
    [data.train, 6000],
    [data.test, 1000],
  ] as const) {
    const counts = new Array<number>(10).fill(0);
    set.labels.forEach((label) => counts[label]!++);
    t.same(counts, new Array(10).fill(perClass));
  }
  t.equal(FASHION_MNIST_FILES.length, 4);
});

t.test('sets whose files were mixed up are refused with the file', async (t) => {
  t.throws(() => checkPublished({ ...published, test: split(data.train, 't10k') }, false), {
    code: 'DATA_SETS_MISMATCH',
    message:
      /^t10k-images holds the images of Fashion-MNIST's train set, but is read as those of the test set/,
  });
  const crossed = { ...split(data.test, 't10k'), labels: data.train.labels.slice(0, 10000) };
  t.throws(() => checkPublished({ ...published, test: crossed }, false), {
    code: 'DATA_CHECKSUM',
    message:
      /^t10k-labels does not hold the published Fashion-MNIST labels of the test set: .* 1000 each were published/,
  });
});

t.test(
  'one label or one pixel that is not the published one is refused with the file',
  async (t) => {
    const label = withLabels(published.train, (labels) => {
      labels[31337] = (labels[31337]! + 1) % 10;
    });
    t.throws(() => checkPublished({ ...published, train: label }, false), {
      code: 'DATA_CHECKSUM',
      message: /^train-labels does not hold .*have SHA-256 [0-9a-f]{64}, expected 657fbd22.* 5999/,
      hint: /if it was changed on purpose, put a classes.txt beside it/,
    });
    const pixels = data.test.pixels.slice();
    pixels[5]! ^= 1;
    const pixel = { ...published.test, pixels };
    t.throws(() => checkPublished({ ...published, test: pixel }, false), {
      code: 'DATA_CHECKSUM',
      message: /^t10k-images does not hold/,
    });
  },
);

t.test(
  'a set with classes of its own, or with nothing of the published, is left alone',
  async (t) => {
    const noisy = withLabels(published.train, (labels) => labels.reverse());
    const named = { ...published, train: noisy, classesAreNamed: true };
    t.notOk(checkPublished(named, false));
    t.throws(() => checkPublished(named, true), { code: 'DATA_CHECKSUM' });
    const other = split({ ...smallSet(6), classes: ['0', '1', '2'] }, 'other');
    const foreign = { train: other, test: other, classes: ['0', '1', '2'], classesAreNamed: false };
    t.notOk(checkPublished(foreign, false));
    t.throws(() => checkPublished(foreign, true), { code: 'DATA_CHECKSUM' });
  },
);

t.test('labels above 255 are not taken for the bytes of the published ones', async (t) => {
  const shifted = withLabels(published.train, (labels) => {
    for (let i = 0; i < labels.length; i++) labels[i]! += 256;
  });
  t.throws(() => checkPublished({ ...published, train: shifted, classes: Array(300) }, false), {
    code: 'DATA_CHECKSUM',
  });
});

t.test('files of the real set that were renamed are refused, from a folder', async (t) => {
  const root = t.testdir();
  const folder = join(root, 'set');
  mkdirSync(folder);
  cpSync(data.folder, folder, { recursive: true });
  const read = () => readDataFolder({ folder, source: folder, cache: join(root, 'cache') });
  const move = (from: string, to: string) => renameSync(join(folder, from), join(folder, to));
  move('t10k-labels-idx1-ubyte.gz', 'x');
  move('train-labels-idx1-ubyte.gz', 't10k-labels-idx1-ubyte.gz');
  move('x', 'train-labels-idx1-ubyte.gz');
  t.throws(read, {
    code: 'DATA_SETS_MISMATCH',
    message:
      /train-labels-idx1-ubyte.gz holds 10000 labels, but train-images-idx3-ubyte.gz holds 60000/,
  });
  move('t10k-images-idx3-ubyte.gz', 'x');
  move('train-images-idx3-ubyte.gz', 't10k-images-idx3-ubyte.gz');
  move('x', 'train-images-idx3-ubyte.gz');
  t.throws(read, {
    code: 'DATA_SETS_MISMATCH',
    message: /train-images-idx3-ubyte\.gz holds the images of Fashion-MNIST's test set/,
  });
  writeFileSync(join(folder, 'classes.txt'), FASHION_MNIST_CLASSES.join('\n'));
  t.equal(read().train.count, 10000, 'a folder that names its classes may do so');
});
