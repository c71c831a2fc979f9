import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { classify } from '#src/coordinator/photos/classify.js';
import { importPhotos, type ImportOptions } from '#src/coordinator/photos/import-photos.js';
import { loadRecode } from '#src/coordinator/photos/load-recode.js';
import { loadDataset } from '#src/coordinator/data/load-dataset.js';
import type { ImageSet } from '#src/shared/data/image-set.js';
import { parseColour, type PhotoOptions } from '#src/shared/photos/photo-options.js';
import { flatJpeg, png, writePhoto } from '../../support/photo-files.js';

const root = t.testdir();
const cache = join(root, 'cache');
const PHOTOS: PhotoOptions = {
  ...{ grey: true, resize: null, fit: 'contain', background: parseColour('white') },
  ...{ normalize: false, invert: false },
};
const COLUMNS = { photo: '{file}', label: 'label', split: null };
let folders = 0;
const fresh = (): string => join(root, `folder-${String(++folders)}`);

function importing(source: string, changes: Partial<ImportOptions> = {}) {
  return importPhotos({
    ...{ source, out: fresh(), photos: PHOTOS, columns: COLUMNS, recode: null },
    ...{ testShare: null, seed: 0, skipFaulty: false, force: false, processes: 1 },
    ...changes,
  });
}

/** A grey photograph of 2 × 2 pixels of one value. */
const grey = (value: number) =>
  png({ type: 'grey', width: 2, height: 2, values: [value, value, value, value] });

/** [label, first pixel] of each image. */
const seen = ({ count, labels, pixels, shape }: ImageSet): [number, number][] =>
  Array.from({ length: count }, (_, i) => {
    const bytes = shape.height * shape.width * shape.channels;
    return [labels[i]!, pixels[i * bytes]!];
  });

t.test('folders of classes, with the split that they say', async (t) => {
  const source = fresh();
  for (const [path, value] of [
    ['train/10/a.png', 10],
    ['train/9/a.png', 9],
    ['train/9/deeper/b.PNG', 19],
    ['test/10/x.png', 110],
    ['test/9/y.png', 109],
  ] as const) {
    writePhoto(join(source, path), grey(value));
  }
  writePhoto(join(source, 'test/9/.hidden.png'), grey(1));
  writePhoto(join(source, 'test/9/notes.txt'), Buffer.from('x'));
  const told: number[] = [];
  const report = await importing(source, { onProgress: ({ done }) => told.push(done) });
  t.same(report.classes, ['9', '10'], 'numbers in their order');
  t.equal(report.otherFiles, 1);
  t.same(told, [1, 2, 3, 4, 5]);
  const { train, test } = await loadDataset({ data: report.folder, cache });
  t.same(train.classes, ['9', '10']);
  t.same(train.shape, { height: 2, width: 2, channels: 1 });
  t.same(seen(train), [[1, 10], [0, 9], [0, 19]]); // prettier-ignore
  t.same(seen(test), [[1, 110], [0, 109]]); // prettier-ignore
  const record = JSON.parse(readFileSync(join(report.folder, 'import.json'), 'utf8')) as object;
  t.same(record, JSON.parse(JSON.stringify(report)));
  await t.rejects(importing(source, { testShare: 0.5 }), { code: 'USAGE_INVALID' });
});

t.test('a share of every class is drawn for testing, the same again from its seed', (t) => {
  const photos = Array.from({ length: 30 }, (_, i) => ({
    ...{ path: String(i), name: i < 20 ? 'cat' : 'dog', split: null },
  }));
  const drawn = (seed: number): string[] => {
    const { train, test } = classify(photos, null, { testShare: 0.3, seed });
    const dogs = [train, test].map((set) => set.filter(({ label }) => label === 1).length);
    t.same([train.length, test.length, ...dogs], [21, 9, 7, 3]);
    const all = [...train, ...test].map(({ path }) => path);
    t.equal(new Set(all).size, 30, 'each photograph once');
    return test.map(({ path }) => path);
  };
  const first = drawn(1);
  t.same(drawn(1), first);
  t.notSame(drawn(2), first);
  const { test } = classify(photos, null, { testShare: null, seed: 0 });
  t.equal(test.length, 6, 'a fifth, where nothing is said');
  t.end();
});

t.test('a table, with the paths and the split in its columns', async (t) => {
  const source = fresh();
  writePhoto(join(source, 'p/1.png'), grey(1));
  writePhoto(join(source, 'p/2.jpg'), flatJpeg(40));
  writePhoto(join(source, 'p/3.png'), grey(3));
  const table = join(source, 'photos.csv');
  writeFileSync(table, 'n,what,part\n1.png,ant,train\n3.png,"bee, wasp",test\n');
  const columns = { photo: 'p/{n}', label: 'what', split: 'part' };
  const { folder, classes } = await importing(table, { columns });
  t.same(classes, ['ant', 'bee, wasp']);
  const { test } = await loadDataset({ data: folder, cache });
  t.same(seen(test), [[1, 3]]);
  const wrong = async (text: string, error: { code: string; message: RegExp }): Promise<void> => {
    writeFileSync(table, text);
    await t.rejects(importing(table, { columns }), error);
  };
  const code = 'DATA_TABLE_INVALID';
  await wrong('n,what,part\n1.png,ant,other\n', { code, message: /line 2: .*says "other"/ });
  await wrong('n,what,part\n9.png,ant,test\n', { code, message: /line 2: there is no photograph .*9\.png/ }); // prettier-ignore
  await wrong('n,what,part\n1.png,,test\n', { code, message: /line 2: the column what is empty/ });
  await wrong('n,what\n1.png,ant\n', { code, message: /no column is called "part"/ });
});

t.test('a table names regular files, each once', async (t) => {
  const source = fresh();
  for (const i of [1, 2, 3]) writePhoto(join(source, `${String(i)}.png`), grey(i));
  execFileSync('mkfifo', [join(source, 'pipe.png')]);
  const table = join(source, 'photos.csv');
  const wrong = async (text: string, message: RegExp): Promise<void> => {
    writeFileSync(table, `file,label\n${text}`);
    await t.rejects(importing(table), { code: 'DATA_TABLE_INVALID', message });
  };
  await wrong('1.png,ant\npipe.png,bee\n', /line 3: .*pipe\.png is no regular file/);
  await wrong('1.png,ant\n/dev/zero,bee\n', /line 3: \/dev\/zero is no regular file/);
  await wrong('1.png,ant\n2.png,bee\n./1.png,bee\n', /line 4: line 2 names .*1\.png already/);
  const folder = fresh();
  for (const name of ['a/1.png', 'b/2.png', 'b/3.png']) writePhoto(join(folder, name), grey(1));
  execFileSync('mkfifo', [join(folder, 'a/pipe.png')]);
  await t.rejects(importing(folder), {
    code: 'DATA_IMAGE_INVALID',
    message: /pipe\.png is no regular file/,
  });
});

t.test(
  'folders with photographs beside train and test are refused, others passed over',
  async (t) => {
    const source = fresh();
    for (const split of ['train', 'test']) {
      for (const name of ['a', 'b']) writePhoto(join(source, split, name, '1.png'), grey(1));
    }
    writePhoto(join(source, '__MACOSX/train/._1.png'), grey(1));
    writePhoto(join(source, 'docs/readme.txt'), grey(1));
    const { classes, train, otherFiles } = await importing(source);
    t.same([classes, train.count, otherFiles], [['a', 'b'], 2, 1]);
    writePhoto(join(source, 'val/a/1.png'), grey(1));
    await t.rejects(importing(source), {
      code: 'DATA_FOLDERS_INVALID',
      message: /has train and test, and photographs in other folders beside them: val\./,
      hint: /into train or test/,
    });
  },
);

t.test('a link back, or to a folder that was met, is refused by its name', async (t) => {
  const source = fresh();
  for (const name of ['a', 'b']) writePhoto(join(source, name, '1.png'), grey(1));
  symlinkSync('..', join(source, 'a/loop'));
  const code = 'DATA_FOLDERS_INVALID';
  await t.rejects(importing(source), { code, message: /a\/loop is the same folder as / });
  rmSync(join(source, 'a/loop'));
  symlinkSync('a', join(source, 'c'));
  await t.rejects(importing(source), { code, message: /c is the same folder as .*\/a;/ });
});

t.test('Fashion Product Images, as it is published, under Fashion-MNIST’s classes', async (t) => {
  const source = fresh();
  const header =
    'id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName';
  const row = (id: number, type: string, name: string) =>
    `${String(id)},Men,Apparel,Topwear,${type},Blue,Fall,2011,Casual,${name}`;
  const types = [
    'Tshirts',
    'Heels',
    'Watches',
    'Tops',
    'Watches',
    'Kurtas',
    'Perfume and Body Mist',
  ];
  const names = ['Plain', 'Red, high', 'Gold', '"Half" sleeve, blue, washed', 'x', 'y', 'z'];
  const rows = types.map((type, i) => row(i + 1, type, names[i]!));
  // Of the last there is no picture.
  rows.push(row(99, 'Shirts', 'Gone'));
  mkdirSync(source);
  writeFileSync(join(source, 'styles.csv'), `${header}\n${rows.join('\n')}\n`);
  types.forEach((_, i) => {
    writePhoto(join(source, 'images', `${String(i + 1)}.jpg`), flatJpeg(32 + i));
  });
  const recode = await loadRecode('fashion-product-images', root);
  const photos = { ...PHOTOS, resize: { height: 28, width: 28 }, invert: true };
  const report = await importing(source, { recode, photos, testShare: 0.5 });
  t.equal(report.classes[9], 'Ankle boot');
  t.same(report.leftOut, [{ name: 'Watches', count: 2 }, { name: 'Perfume and Body Mist', count: 1 }]); // prettier-ignore
  t.same(report.missing, [join(source, 'images/99.jpg')]);
  t.equal(report.joinedLines, 2);
  const { train, test } = await loadDataset({ data: report.folder, cache });
  t.same(train.shape, { height: 28, width: 28, channels: 1 });
  const all = [...seen(train), ...seen(test)].sort(([, a], [, b]) => b - a);
  // 255 − (128 + level), of the labels that the report gives them.
  t.same(all, [[0, 95], [9, 94], [0, 92], [3, 90]]); // prettier-ignore
});

t.test('photographs that cannot be used are named, all of them, or left out', async (t) => {
  const source = fresh();
  for (let i = 0; i < 8; i++)
    writePhoto(join(source, `c${String(i % 2)}/${String(i)}.png`), grey(i));
  writePhoto(join(source, 'c0/empty.png'), Buffer.alloc(0));
  writePhoto(join(source, 'c1/half.jpg'), flatJpeg(40).subarray(0, 120));
  const out = fresh();
  await t.rejects(importing(source, { out }), {
    code: 'DATA_IMAGE_INVALID',
    message:
      /2 of 10 photographs cannot be used:(?=[^]*empty\.png is empty)[^]*half\.jpg cannot be decoded/,
    hint: /--skip-faulty/,
  });
  t.notOk(existsSync(out), 'nothing is left behind');
  t.notOk(readdirSync(root).some((name) => name.endsWith('.tmp')));
  const { faulty, train, test } = await importing(source, { out, skipFaulty: true });
  t.same(faulty.map(({ path }) => path.split('/').at(-1)).sort(), ['empty.png', 'half.jpg']);
  t.equal(train.count + test.count, 8);
  await t.rejects(importing(source, { out, skipFaulty: true }), { code: 'DATA_OUTPUT_EXISTS' });
  await importing(source, { out, skipFaulty: true, force: true });
  await loadDataset({ data: out, cache });
  const mine = fresh();
  writePhoto(join(mine, 'thesis.txt'), Buffer.from('mine'));
  await t.rejects(importing(source, { out: mine, skipFaulty: true, force: true }), {
    code: 'DATA_OUTPUT_EXISTS',
    hint: /is not replaced/,
  });
  t.same(readdirSync(mine), ['thesis.txt']);
});

t.test('sizes must be one, or be made one', async (t) => {
  const source = fresh();
  for (let i = 0; i < 4; i++)
    writePhoto(join(source, `c${String(i % 2)}/${String(i)}.png`), grey(i));
  writePhoto(join(source, 'c0/long.png'), png({ type: 'grey', width: 4, height: 2, values: Array(8).fill(9) })); // prettier-ignore
  await t.rejects(importing(source), {
    code: 'DATA_IMAGE_SIZES',
    message: /\.png has 2x[24]x1 values, and .*\.png 2x[24]x1: all images/,
    hint: /--resize/,
  });
  const resize = { height: 2, width: 2 };
  const { folder } = await importing(source, { photos: { ...PHOTOS, resize, grey: false } });
  const data = await loadDataset({ data: folder, cache });
  t.equal(data.train.shape.channels, 3);
});

t.test('one class, no photographs, and a set that would be empty are refused', async (t) => {
  const source = fresh();
  writePhoto(join(source, 'only/a.png'), grey(1));
  await t.rejects(importing(source), { code: 'DATA_CLASSES_INVALID', message: /one class, only/ });
  writePhoto(join(source, 'more/a.png'), grey(1));
  await t.rejects(importing(join(source, 'more')), { code: 'DATA_NOT_FOUND', message: /a\.png/ });
  const split = fresh();
  writePhoto(join(split, 'train/a/1.png'), grey(1));
  writePhoto(join(split, 'train/b/1.png'), grey(1));
  mkdirSync(join(split, 'test'));
  await t.rejects(importing(split), { code: 'DATA_SPLIT_TOO_LARGE', message: /the test set/ });
});

t.test('an import that is interrupted leaves nothing behind', async (t) => {
  const source = fresh();
  for (let i = 0; i < 200; i++) writePhoto(join(source, `c${String(i % 2)}/${String(i)}.png`), grey(i)); // prettier-ignore
  const out = fresh();
  const stop = new AbortController();
  const onProgress = ({ done }: { done: number }): void => {
    if (done === 40) stop.abort();
  };
  await t.rejects(importing(source, { out, onProgress, signal: stop.signal }), {
    code: 'RUN_INTERRUPTED',
  });
  t.notOk(existsSync(out));
  t.notOk(readdirSync(root).some((name) => name.endsWith('.tmp')));
});
