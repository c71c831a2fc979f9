import { copyFileSync, cpSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { cacheFolder } from '#src/shared/cache-folder.js';
import { loadDataset } from '#src/coordinator/data/load-dataset.js';
import { DEBIAN_FOLDER, isPresent } from '#src/coordinator/data/sources.js';
import { FASHION_MNIST_DIGEST, FASHION_MNIST_FILES } from '#src/shared/data/fashion-mnist.js';
import { LockstepError } from '#src/shared/errors.js';
import { fashionMnist } from '../../support/fashion-mnist.js';
import { smallSet, writeIdxSplit } from './image-folder.js';
import { localPublisher } from './local-publisher.js';

const data = await fashionMnist();

t.test(
  'the cache is where the environment says, else where XDG says, else in the home',
  async (t) => {
    t.equal(cacheFolder({ LOCKSTEP_CACHE: '/a', XDG_CACHE_HOME: '/b' }), '/a');
    t.equal(cacheFolder({ XDG_CACHE_HOME: '/b' }), '/b/lockstep');
    t.equal(cacheFolder({ XDG_CACHE_HOME: 'relative' }), join(homedir(), '.cache/lockstep'));
    t.equal(cacheFolder({}), join(homedir(), '.cache/lockstep'));
  },
);

t.test('a folder that is given is read, and nothing else is tried', async (t) => {
  const root = t.testdir();
  const folder = join(root, 'mine');
  writeIdxSplit(folder, 'train', smallSet(20));
  writeIdxSplit(folder, 't10k', smallSet(7));
  const mine = await loadDataset({ data: folder, cache: join(root, 'cache') });
  t.equal(mine.name, 'mine');
  t.equal(mine.source, folder);
  t.equal(mine.train.count, 20);
  truncateSync(join(folder, 'train-images-idx3-ubyte'), 100);
  await t.rejects(loadDataset({ data: folder, cache: join(root, 'cache') }), {
    code: 'DATA_IDX_INVALID',
    message: /is cut short at byte 100, within image 5 of 20/,
  });
});

t.test('a set in the cache is read quickly, and is the published one', async (t) => {
  const cache = t.testdir();
  mkdirSync(join(cache, 'fashion-mnist'));
  for (const { name } of FASHION_MNIST_FILES) {
    copyFileSync(join(data.folder, name), join(cache, 'fashion-mnist', name));
  }
  const first = await loadDataset({ cache, fetch: false });
  t.match(first.source, /Lockstep's cache/);
  const start = performance.now();
  const second = await loadDataset({ cache, fetch: false });
  const millis = performance.now() - start;
  t.comment(`${millis.toFixed(0)} ms`);
  t.ok(millis < 1000, 'with room for a busy machine');
  t.equal(second.digest, FASHION_MNIST_DIGEST);
  t.ok(Buffer.from(second.train.pixels).equals(data.train.pixels));
  t.ok(Buffer.from(second.test.pixels).equals(data.test.pixels));
  t.same(second.train.labels, data.train.labels);
  t.same(second.test.labels, data.test.labels);
});

t.test('without data, without network: the error lists what was tried', async (t) => {
  const cache = t.testdir();
  if (isPresent(DEBIAN_FOLDER)) {
    t.match((await loadDataset({ cache, fetch: false })).source, /Debian/);
    return;
  }
  const error = (await t.rejects(loadDataset({ cache, fetch: false }))) as unknown as LockstepError;
  t.equal(error.code, 'DATA_NOT_FOUND');
  t.match(error.message, /fashion-mnist \(Lockstep's cache\): not there/);
  t.match(error.message, /\/usr\/share\/datasets\/fashion-mnist .*: not there/);
  t.match(error.hint, /lockstep data fetch/);
});

t.test('a file in the cache that is cut short is named and fetched again', async (t) => {
  const cache = t.testdir();
  const folder = join(cache, 'fashion-mnist');
  cpSync(data.folder, folder, { recursive: true });
  const damaged = 't10k-images-idx3-ubyte.gz';
  truncateSync(join(folder, damaged), 1_000_000);
  const files = new Map([[damaged, readFileSync(join(data.folder, damaged))]]);
  const server = await localPublisher(files);
  t.teardown(server.close);
  const before = process.env['LOCKSTEP_FASHION_MNIST_URL'];
  process.env['LOCKSTEP_FASHION_MNIST_URL'] = server.url;
  t.teardown(() => {
    if (before === undefined) delete process.env['LOCKSTEP_FASHION_MNIST_URL'];
    else process.env['LOCKSTEP_FASHION_MNIST_URL'] = before;
  });
  const notices: string[] = [];
  const loaded = await loadDataset({ cache, onNotice: (notice) => notices.push(notice) });
  t.equal(loaded.digest, FASHION_MNIST_DIGEST);
  t.match(
    notices[0],
    /is passed over: .*t10k-images-idx3-ubyte\.gz is cut short: it ends at byte 1000000/,
  );
  if (isPresent(DEBIAN_FOLDER)) return;
  t.match(loaded.source, server.url);
  t.same(
    server.requests.map(({ name }) => name),
    [damaged],
  );
});
