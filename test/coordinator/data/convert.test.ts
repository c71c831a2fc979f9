import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import t from 'tap';
import { gunzipSync } from 'node:zlib';
import { convertData } from '#src/coordinator/data/convert.js';
import { fashionMnist } from '../../support/fashion-mnist.js';
import { smallSet, writeIdxSplit } from './image-folder.js';

const same = (a: string, b: string) => readFileSync(a).equals(readFileSync(b));

t.test('a folder goes from IDX to CSV and back to the same bytes', async (t) => {
  const root = t.testdir();
  const [idx, csv, back] = ['idx', 'csv', 'back'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  const shape = { height: 3, width: 5, channels: 2 };
  writeIdxSplit(idx, 'train', smallSet(400, { classes: 300, shape }));
  writeIdxSplit(idx, 't10k', smallSet(5, { shape }));
  writeFileSync(
    join(idx, 'classes.txt'),
    Array.from({ length: 300 }, (_, i) => `c${i}`).join('\n'),
  );
  const written = convertData({ input: idx, output: csv });
  t.same(
    written.map((path) => basename(path)),
    ['train.csv', 'test.csv', 'classes.json', 'shape.json'],
  );
  convertData({ input: csv, output: back });
  for (const name of readdirSync(idx)) {
    if (name !== 'classes.txt') t.ok(same(join(idx, name), join(back, name)), name);
  }
  const again = join(root, 'again');
  convertData({ input: back, output: again, to: 'csv' });
  for (const name of readdirSync(csv)) t.ok(same(join(csv, name), join(again, name)), name);
});

t.test('the real test set goes from IDX to CSV and back to the same bytes', async (t) => {
  const root = t.testdir();
  const { folder } = await fashionMnist();
  const table = join(root, 'test.csv');
  const images = join(folder, 't10k-images-idx3-ubyte.gz');
  t.same(convertData({ input: images, output: table }), [table]);
  const lines = readFileSync(table, 'latin1').split('\n');
  t.equal(lines.length, 10002);
  t.ok(lines.slice(0, 10001).every((line) => line.split(',').length === 785));
  t.match(lines[1], /^9,0,0,/, 'an ankle boot comes first');
  convertData({ input: table, output: join(root, 'idx') });
  for (const name of ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte']) {
    const original = gunzipSync(readFileSync(join(folder, `${name}.gz`)));
    t.ok(readFileSync(join(root, 'idx', name)).equals(original), name);
  }
});

t.test('headers, packing and the format are chosen', async (t) => {
  const root = t.testdir();
  const idx = join(root, 'idx');
  writeIdxSplit(idx, 'train', smallSet(4));
  writeIdxSplit(idx, 't10k', smallSet(2));
  convertData({ input: idx, output: join(root, 'csv'), header: false });
  t.match(readFileSync(join(root, 'csv/train.csv'), 'latin1'), /^0,0,7,14,/);
  const packed = convertData({ input: idx, output: join(root, 'gz'), to: 'idx', gzip: true });
  t.equal(packed.length, 4);
  for (const path of packed) {
    const plain = join(idx, basename(path, '.gz'));
    t.ok(gunzipSync(readFileSync(path)).equals(readFileSync(plain)));
  }
});

t.test(
  'nothing is written over unless asked for, and nothing at all if one file exists',
  async (t) => {
    const root = t.testdir({ csv: { 'test.csv': 'mine' } });
    const idx = join(root, 'idx');
    writeIdxSplit(idx, 'train', smallSet(4));
    writeIdxSplit(idx, 't10k', smallSet(2));
    const output = join(root, 'csv');
    t.throws(() => convertData({ input: idx, output }), {
      code: 'DATA_OUTPUT_EXISTS',
      message: /test\.csv exists already/,
      hint: /--force/,
    });
    t.same(readdirSync(output), ['test.csv']);
    convertData({ input: idx, output, force: true });
    t.same(readdirSync(output).sort(), ['test.csv', 'train.csv']);
  },
);

t.test('an input that is no data, or lacks its labels, is refused', async (t) => {
  const root = t.testdir({ 'x.png': '' });
  const output = join(root, 'out');
  t.throws(() => convertData({ input: join(root, 'x.png'), output }), {
    code: 'DATA_NOT_FOUND',
    message: /x\.png is no folder, CSV file or IDX file/,
  });
  t.throws(() => convertData({ input: join(root, 'y.csv'), output }), {
    code: 'DATA_FILE_UNREADABLE',
    message: /y\.csv cannot be read: ENOENT/,
  });
  writeIdxSplit(root, 'train', smallSet(4));
  rmSync(join(root, 'train-labels-idx1-ubyte'));
  t.throws(() => convertData({ input: join(root, 'train-images-idx3-ubyte'), output }), {
    code: 'DATA_FILE_UNREADABLE',
    message: /train-labels-idx1-ubyte cannot be read/,
  });
});
