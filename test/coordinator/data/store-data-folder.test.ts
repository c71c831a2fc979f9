import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readDataFolder } from '#src/coordinator/data/read-data-folder.js';
import { storeDataFolder } from '#src/coordinator/data/store-data-folder.js';
import { blocksOf } from '#src/shared/data/stored-images.js';
import type { StoredSet } from '#src/shared/data/stored-set.js';
import { smallSet, writeCsvSplit, writeIdxSplit } from './image-folder.js';

const root = t.testdir();
let folders = 0;
const fresh = (): string => join(root, String(++folders));
const SHAPE = { height: 4, width: 3, channels: 3 };

function stored(folder: string, cache: string) {
  const notices: string[] = [];
  const onNotice = (text: string) => void notices.push(text);
  return { ...storeDataFolder({ folder, source: folder, cache, onNotice }), notices };
}

const pixelsOf = (set: StoredSet): Buffer =>
  Buffer.concat(Array.from(blocksOf(set), (block) => Buffer.from(block)));

t.test('plain IDX, packed IDX and CSV are stored as they are read', async (t) => {
  const [plain, packed, csv] = [fresh(), fresh(), fresh()];
  mkdirSync(csv);
  const [train, test] = [smallSet(70, { shape: SHAPE }), smallSet(9, { shape: SHAPE, salt: 2 })];
  writeIdxSplit(plain, 'train', train);
  writeIdxSplit(plain, 't10k', test);
  writeFileSync(join(plain, 'classes.txt'), 'ant\nbee\ncat\n');
  writeIdxSplit(packed, 'train', train, true);
  writeIdxSplit(packed, 't10k', test, true);
  writeCsvSplit(join(csv, 'train.csv'), train);
  writeCsvSplit(join(csv, 'test.csv'), test);
  writeFileSync(join(csv, 'shape.json'), JSON.stringify(SHAPE));
  for (const folder of [plain, packed, csv]) {
    const [cache, other] = [fresh(), fresh()];
    const read = readDataFolder({ folder, source: folder, cache: other });
    for (const again of [false, true]) {
      const set = stored(folder, cache);
      t.same(set.notices, []);
      t.equal(set.digest, read.digest, again ? 'out of the cache' : 'made');
      t.equal(set.name, read.name);
      for (const split of ['train', 'test'] as const) {
        t.same(set[split].classes, read[split].classes);
        t.same([...set[split].labels], [...read[split].labels]);
        t.ok(pixelsOf(set[split]).equals(Buffer.from(read[split].pixels)));
      }
    }
    // Either way of reading takes what the other has left, byte by byte the same.
    t.equal(readDataFolder({ folder, source: folder, cache }).digest, read.digest);
    const [bytes] = readdirSync(join(cache, 'decoded')).filter((name) => name.endsWith('.bytes'));
    const of = (where: string) => readFileSync(join(where, 'decoded', bytes!));
    t.ok(of(cache).equals(of(other)));
  }
});

t.test('what is damaged in the cache, and what has changed, is made anew', async (t) => {
  const [folder, cache] = [fresh(), fresh()];
  writeIdxSplit(folder, 'train', smallSet(20));
  writeIdxSplit(folder, 't10k', smallSet(5));
  const { digest, train } = stored(folder, cache);
  const bytes = readFileSync(train.stored.file);
  bytes[3]! ^= 1;
  writeFileSync(train.stored.file, bytes);
  const mended = stored(folder, cache);
  t.equal(mended.digest, digest);
  t.ok(pixelsOf(mended.train).equals(Buffer.from(smallSet(20).pixels)));
  writeIdxSplit(folder, 'train', smallSet(20, { salt: 1 }));
  t.not(stored(folder, cache).digest, digest);
});

t.test('faulty folders get the errors that they always get', async (t) => {
  const [folder, cache] = [fresh(), fresh()];
  writeIdxSplit(folder, 'train', smallSet(20));
  writeIdxSplit(folder, 't10k', smallSet(5));
  writeFileSync(join(folder, 'classes.txt'), 'ant\nbee\n');
  t.throws(() => stored(folder, cache), {
    code: 'DATA_LABEL_RANGE',
    message: /image 2 has label 2/,
  });
  writeFileSync(join(folder, 'classes.txt'), 'ant\nbee\ncat\n');
  const images = join(folder, 't10k-images-idx3-ubyte');
  writeFileSync(images, readFileSync(images).subarray(0, statSync(images).size - 3));
  t.throws(() => stored(folder, cache), { code: 'DATA_IDX_INVALID', message: /is cut short/ });
  t.notOk(existsSync(cache), 'nothing was kept');
});

t.test('whoever makes the same set once more leaves the file to its readers', (t) => {
  const [folder, cache] = [fresh(), fresh()];
  writeIdxSplit(folder, 'train', smallSet(20));
  writeIdxSplit(folder, 't10k', smallSet(5, { salt: 2 }));
  const first = stored(folder, cache);
  const before = pixelsOf(first.train);
  const forget = (): void => {
    // As for a process that began before anything was there.
    const decoded = join(cache, 'decoded');
    for (const name of readdirSync(decoded)) if (name.endsWith('.json')) rmSync(join(decoded, name)); // prettier-ignore
  };
  forget();
  t.equal(stored(folder, cache).digest, first.digest);
  forget();
  t.equal(readDataFolder({ folder, source: folder, cache }).digest, first.digest);
  t.ok(pixelsOf(first.train).equals(before));
  t.notOk(readdirSync(join(cache, 'decoded')).some((name) => name.endsWith('.tmp')));
  t.end();
});
