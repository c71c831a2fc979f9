import { readFileSync, readdirSync, utimesSync, writeFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  readDataFolder,
  type ReadDataFolderOptions,
} from '#src/coordinator/data/read-data-folder.js';
import { smallSet, writeCsvSplit, writeIdxSplit } from './image-folder.js';

function reader(cache: string) {
  const notices: string[] = [];
  const decoded: string[] = [];
  const read = (folder: string, more: Partial<ReadDataFolderOptions> = {}) =>
    readDataFolder({
      folder,
      source: folder,
      cache,
      onNotice: (notice) => notices.push(notice),
      onProgress: ({ subject }) => decoded.push(subject),
      ...more,
    });
  return { read, notices, decoded };
}

t.test(
  'IDX plain, IDX packed and CSV of the same images give the same set and digest',
  async (t) => {
    const root = t.testdir();
    const [train, test] = [smallSet(20), smallSet(7, { salt: 1 })];
    const { read } = reader(join(root, 'cache'));
    writeIdxSplit(join(root, 'plain'), 'train', train);
    writeIdxSplit(join(root, 'plain'), 't10k', test);
    writeIdxSplit(join(root, 'packed'), 'train', train, true);
    writeIdxSplit(join(root, 'packed'), 'test', test, true);
    mkdirSync(join(root, 'csv'));
    writeCsvSplit(join(root, 'csv', 'fashion-mnist_train.csv'), train);
    writeCsvSplit(join(root, 'csv', 'fashion-mnist_test.csv'), test, false);
    const sets = ['plain', 'packed', 'csv'].map((name) => read(join(root, name)));
    for (const set of sets) {
      t.same([...set.train.pixels], [...train.pixels]);
      t.same([...set.train.labels], [...train.labels]);
      t.same([...set.test.pixels], [...test.pixels]);
      t.same([...set.test.labels], [...test.labels]);
      t.same(set.train.classes, ['0', '1', '2']);
      t.ok(set.train.pixels.buffer instanceof SharedArrayBuffer);
      t.ok(set.test.labels.buffer instanceof SharedArrayBuffer);
      t.equal(set.digest, sets[0]!.digest);
    }
    t.equal(sets[0]!.name, 'plain');
    t.match(sets[0]!.digest, /^[0-9a-f]{64}$/);
  },
);

t.test(
  'another pixel, label, count or number of classes gives another digest; names do not',
  async (t) => {
    const root = t.testdir();
    const digests = new Map<string, string>();
    const { read } = reader(join(root, 'cache'));
    const add = (name: string, train = smallSet(20), classes?: string[]) => {
      const folder = join(root, name);
      writeIdxSplit(folder, 'train', train);
      writeIdxSplit(folder, 't10k', smallSet(7, { salt: 1 }));
      if (classes) writeFileSync(join(folder, 'classes.json'), JSON.stringify(classes));
      digests.set(name, read(folder).digest);
    };
    add('base');
    const pixel = smallSet(20);
    pixel.pixels[300]! ^= 1;
    add('pixel', pixel);
    const label = smallSet(20);
    label.labels[19] = 2;
    add('label', label);
    add('count', smallSet(21));
    add('classes', smallSet(20), ['a', 'b', 'c', 'd']);
    t.equal(new Set(digests.values()).size, 5);
    add('names', smallSet(20), ['a', 'b', 'c']);
    t.equal(digests.get('names'), digests.get('base'));
  },
);

t.test(
  'a set of its own sizes and classes is read: channels, many classes, names, shape.json',
  async (t) => {
    const root = t.testdir({ csv: {} });
    const { read } = reader(join(root, 'cache'));
    const shape = { height: 2, width: 5, channels: 3 };
    const [train, test] = [smallSet(700, { classes: 700, shape }), smallSet(7, { shape })];
    const idx = join(root, 'idx');
    writeIdxSplit(idx, 'train', train);
    writeIdxSplit(idx, 'test', test);
    const names = Array.from({ length: 700 }, (_, i) => `class ${i}`);
    writeFileSync(join(idx, 'classes.txt'), names.join('\n'));
    const fromIdx = read(idx);
    t.same(fromIdx.train.shape, shape);
    t.same(fromIdx.test.classes, names);
    const csv = join(root, 'csv');
    writeCsvSplit(join(csv, 'train.csv'), train);
    writeCsvSplit(join(csv, 'test.csv'), test);
    t.throws(() => read(csv), { code: 'DATA_SHAPE_INVALID', message: /31 columns/ });
    t.equal(read(csv, { shape }).digest, fromIdx.digest);
    writeFileSync(join(csv, 'shape.json'), JSON.stringify(shape));
    t.equal(read(csv).digest, fromIdx.digest);
  },
);

t.test('a second reading comes from the cache, until a file changes', async (t) => {
  const root = t.testdir();
  const folder = join(root, 'set');
  writeIdxSplit(folder, 'train', smallSet(20));
  writeIdxSplit(folder, 't10k', smallSet(7));
  const { read, decoded, notices } = reader(join(root, 'cache'));
  const first = read(folder);
  t.equal(decoded.length, 4);
  t.same(read(folder), first);
  t.equal(decoded.length, 4, 'nothing was decoded again');
  writeIdxSplit(folder, 'train', smallSet(20, { salt: 5 }));
  t.not(read(folder).digest, first.digest, 'same length, other bytes');
  t.equal(decoded.length, 8);
  utimesSync(join(folder, 'train-labels-idx1-ubyte'), 1, 1);
  read(folder);
  t.equal(decoded.length, 12, 'a time that was set back counts as a change');
  writeFileSync(join(folder, 'classes.txt'), 'a\nb\nc\n');
  t.same(read(folder).train.classes, ['a', 'b', 'c'], 'a file that is new counts as a change');
  t.same(notices, []);
});

t.test('a cache entry that is damaged is noticed and made anew', async (t) => {
  const root = t.testdir();
  const folder = join(root, 'set');
  writeIdxSplit(folder, 'train', smallSet(20));
  writeIdxSplit(folder, 't10k', smallSet(7));
  const cache = join(root, 'cache');
  const { read, notices } = reader(cache);
  const { digest } = read(folder);
  const [bytesFile, manifestFile] = readdirSync(join(cache, 'decoded')).sort();
  const damage = (name: string, change: (bytes: Buffer) => Buffer | string) => {
    const path = join(cache, 'decoded', name);
    writeFileSync(path, change(readFileSync(path)));
    t.equal(read(folder).digest, digest);
  };
  damage(bytesFile!, (bytes) => {
    bytes[100]! ^= 4;
    return bytes;
  });
  t.match(notices.at(-1), /made anew: .*\.bytes does not have the checksum/);
  damage(bytesFile!, (bytes) => bytes.subarray(0, 500));
  t.match(notices.at(-1), /made anew: .*\.bytes is 500 bytes long instead of 576/);
  damage(manifestFile!, () => '{"version":');
  t.match(notices.at(-1), /made anew: .*\.json is no JSON/);
  damage(manifestFile!, () => '[]');
  t.match(notices.at(-1), /has not the expected contents/);
  damage(manifestFile!, (text) => text.toString().replace('"trainCount":20', '"trainCount":4e9'));
  t.match(notices.at(-1), /made anew: /);
  t.equal(notices.length, 5);
  rmSync(join(cache, 'decoded', bytesFile!));
  t.equal(read(folder).digest, digest);
  t.match(notices.at(-1), /made anew: .*\.bytes cannot be read: ENOENT/);
});

t.test(
  'entries of folders that are gone are removed, and files of writers that died',
  async (t) => {
    const root = t.testdir();
    const cache = join(root, 'cache');
    const { read } = reader(cache);
    const make = (name: string) => {
      writeIdxSplit(join(root, name), 'train', smallSet(20));
      writeIdxSplit(join(root, name), 't10k', smallSet(7));
      read(join(root, name));
    };
    make('first');
    const decoded = join(cache, 'decoded');
    const ofFirst = readdirSync(decoded);
    writeFileSync(join(decoded, 'new.bytes.1-ab.tmp'), '');
    writeFileSync(join(decoded, 'old.bytes.1-ab.tmp'), '');
    utimesSync(join(decoded, 'old.bytes.1-ab.tmp'), 1, 1);
    make('second');
    t.equal(readdirSync(decoded).length, 5, 'two entries, one file of a writer that may live');
    rmSync(join(root, 'first'), { recursive: true });
    make('third');
    t.equal(readdirSync(decoded).length, 5);
    for (const name of ofFirst) t.notOk(readdirSync(decoded).includes(name));
  },
);

t.test('a cache that cannot be written to costs a notice, not the run', async (t) => {
  const root = t.testdir({ cache: 'a file' });
  const folder = join(root, 'set');
  writeIdxSplit(folder, 'train', smallSet(20));
  writeIdxSplit(folder, 't10k', smallSet(7));
  const { read, notices } = reader(join(root, 'cache'));
  t.equal(read(folder).train.count, 20);
  t.match(notices, [/is not kept, so each start decodes it: .*cannot be written/]);
});

t.test('files that do not belong together are refused by name', async (t) => {
  const root = t.testdir();
  const { read } = reader(join(root, 'cache'));
  const folder = join(root, 'set');
  writeIdxSplit(folder, 'train', smallSet(20));
  writeIdxSplit(folder, 't10k', smallSet(7));
  writeFileSync(
    join(folder, 'train-labels-idx1-ubyte'),
    readFileSync(join(folder, 't10k-labels-idx1-ubyte')),
  );
  t.throws(() => read(folder), {
    code: 'DATA_SETS_MISMATCH',
    message: /train-labels-idx1-ubyte holds 7 labels, but train-images-idx3-ubyte holds 20 images/,
  });
  writeIdxSplit(folder, 'train', smallSet(20, { shape: { height: 5, width: 4, channels: 1 } }));
  t.throws(() => read(folder), {
    code: 'DATA_SETS_MISMATCH',
    message:
      /t10k-images-idx3-ubyte holds 4x4x1 images, but .*train-images.* 5x4x1|5x4x1 was asked for/,
  });
});

t.test('a label without a class is refused with its image', async (t) => {
  const root = t.testdir();
  const { read } = reader(join(root, 'cache'));
  const folder = join(root, 'set');
  writeIdxSplit(folder, 'train', smallSet(20));
  writeIdxSplit(folder, 't10k', smallSet(7));
  writeFileSync(join(folder, 'classes.json'), '["a", "b"]');
  t.throws(() => read(folder), {
    code: 'DATA_LABEL_RANGE',
    message: /train-labels-idx1-ubyte: image 2 has label 2, but there are 2 classes/,
  });
  writeFileSync(join(folder, 'classes.json'), '["a", "b"');
  t.throws(() => read(folder), { code: 'DATA_CLASSES_INVALID', message: /is no JSON/ });
});

t.test(
  'a folder without a data set is refused with what is missing and what is there',
  async (t) => {
    const root = t.testdir({
      empty: {},
      other: { 'cat.png': '', 'dog.png': '' },
      half: { 'train.csv': '1,1\n' },
    });
    const { read } = reader(join(root, 'cache'));
    const refused = (name: string, message: RegExp) =>
      t.throws(() => read(join(root, name)), { code: 'DATA_NOT_FOUND', message });
    refused('absent', /cannot be read as a folder: ENOENT/);
    refused('empty', /lacks train-images-idx3-ubyte\[\.gz\], .*: it is empty/);
    refused('other', /; it holds cat\.png, dog\.png/);
    refused('half', /half lacks test\.csv\.$/);
    writeIdxSplit(join(root, 'some'), 'train', smallSet(3));
    refused('some', /some lacks t10k-images-idx3-ubyte\[\.gz\], t10k-labels-idx1-ubyte\[\.gz\]\.$/);
  },
);
