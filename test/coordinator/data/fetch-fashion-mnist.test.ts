import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { gzipSync } from 'node:zlib';
import { DOWNLOAD_LIMITS } from '#src/coordinator/data/fetch/download.js';
import { fetchFashionMnist } from '#src/coordinator/data/fetch/fetch-fashion-mnist.js';
import { FASHION_MNIST_FILES } from '#src/shared/data/fashion-mnist.js';
import { LockstepError } from '#src/shared/errors.js';
import { fashionMnist } from '../../support/fashion-mnist.js';
import { cutAfter, localPublisher } from './local-publisher.js';

const { folder: real } = await fashionMnist();
const files = new Map(
  FASHION_MNIST_FILES.map(({ name }) => [name, readFileSync(join(real, name))] as const),
);
const names = FASHION_MNIST_FILES.map(({ name }) => name).sort();
/** Only Debian and its relatives have it. */
const hasApt = spawnSync('apt-get', ['--version']).status === 0;
const limits = { ...DOWNLOAD_LIMITS, pauseMillis: 10, stallMillis: 500 };

t.test('the four files are fetched from the publisher, a big one in two pieces', async (t) => {
  const cache = t.testdir();
  const server = await localPublisher(files, (response, body, n, request) =>
    body.length > 20_000_000 ? cutAfter(9_000_000)(response, body, n, request) : false,
  );
  t.teardown(server.close);
  const seen: { doneBytes: number; totalBytes: number }[] = [];
  const fetched = await fetchFashionMnist({
    cache,
    url: server.url,
    limits,
    onProgress: (progress) => seen.push(progress),
  });
  t.equal(fetched.folder, join(cache, 'fashion-mnist'));
  t.match(fetched.source, `fetched from ${server.url}`);
  t.same(readdirSync(fetched.folder).sort(), names);
  for (const [name, bytes] of files) t.ok(readFileSync(join(fetched.folder, name)).equals(bytes));
  t.equal(server.requests.length, 5);
  t.match(server.requests.at(-1)?.range, /^bytes=\d{7}-$/);
  t.ok(seen.every(({ doneBytes, totalBytes }) => doneBytes <= totalBytes));
  t.ok(seen.every(({ doneBytes }, i) => i === 0 || doneBytes >= seen[i - 1]!.doneBytes));

  const again = await fetchFashionMnist({ cache, url: server.url, limits });
  t.equal(again.folder, fetched.folder);
  t.equal(server.requests.length, 5, 'what is there and sound is not fetched again');

  const damaged = join(fetched.folder, 't10k-labels-idx1-ubyte.gz');
  writeFileSync(damaged, gzipSync('not labels'));
  const notices: string[] = [];
  const onNotice = (notice: string) => notices.push(notice);
  await fetchFashionMnist({ cache, url: server.url, limits, onNotice });
  t.equal(server.requests.at(-1)?.name, 't10k-labels-idx1-ubyte.gz');
  t.equal(server.requests.length, 6, 'only the damaged file is fetched again');
  t.match(notices, [/t10k-labels-idx1-ubyte\.gz is fetched again: /]);
});

t.test('two processes that fetch at once do not harm each other', async (t) => {
  const cache = t.testdir();
  const server = await localPublisher(files);
  t.teardown(server.close);
  const module = import.meta.resolve('#src/coordinator/data/fetch/fetch-fashion-mnist.js');
  const program = `
    import { fetchFashionMnist } from ${JSON.stringify(module)};
    await fetchFashionMnist(${JSON.stringify({ cache, url: server.url, origins: ['publisher'] })});
  `;
  const children = [1, 2].map(() =>
    spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' }),
  );
  const statuses = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
  t.same(statuses, [0, 0]);
  t.same(readdirSync(join(cache, 'fashion-mnist')).sort(), names);
  for (const [name, bytes] of files) {
    t.ok(readFileSync(join(cache, 'fashion-mnist', name)).equals(bytes), name);
  }
});

t.test('where nothing works, one error lists each source, its reason and what to do', async (t) => {
  const cache = t.testdir();
  const server = await localPublisher(new Map());
  t.teardown(server.close);
  const error = (await t.rejects(
    fetchFashionMnist({
      cache,
      url: server.url,
      limits,
      aptOptions: ['-o', 'Dir::Etc=/nonexistent', '-o', 'Dir::State::lists=/nonexistent'],
      tried: [{ source: '/a/folder', reason: 'not there' }],
    }),
  )) as unknown as LockstepError;
  t.equal(error.code, 'DATA_FETCH_FAILED');
  t.match(error.message, /\n {2}- \/a\/folder: not there\n/);
  t.match(error.message, /\n {2}- http:.*: .*t10k-labels-idx1-ubyte\.gz answered 404 Not Found\n/);
  t.match(
    error.message,
    /\n {2}- apt's dataset-fashion-mnist: apt-get .*; with lists of its own: /,
  );
  t.match(error.hint, /apt-get update && apt-get install dataset-fashion-mnist/);
  t.match(error.hint, /curl -O http.*--data FOLDER/);
});

t.test(
  'a wrong file at the publisher is named, and other sources are still tried',
  { skip: !hasApt },
  async (t) => {
    const cache = t.testdir();
    const labels = (name: string) => files.get(name)!;
    const swapped = new Map(files);
    swapped.set('t10k-labels-idx1-ubyte.gz', labels('train-labels-idx1-ubyte.gz'));
    const server = await localPublisher(swapped);
    t.teardown(server.close);
    const notices: string[] = [];
    const fetched = await fetchFashionMnist({
      cache,
      url: server.url,
      limits,
      onNotice: (notice) => notices.push(notice),
    });
    t.match(notices, [/received as t10k-labels-idx1-ubyte\.gz is another file/]);
    t.match(fetched.source, /fetched from apt's dataset-fashion-mnist/);
    t.same(readdirSync(fetched.folder).sort(), names);
  },
);

t.test('apt makes lists of its own where the machine has none', { skip: !hasApt }, async (t) => {
  const cache = t.testdir({ lists: {} });
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const left = mkdtempSync(join(tmpdir(), `lockstep-apt-${gone}-`));
  const living = mkdtempSync(join(tmpdir(), 'lockstep-apt-1-'));
  t.teardown(() => rmSync(living, { recursive: true }));
  const fetched = await fetchFashionMnist({
    cache,
    origins: ['apt'],
    aptOptions: ['-o', `Dir::State::lists=${join(cache, 'lists')}`],
  });
  t.same(readdirSync(fetched.folder).sort(), names);
  t.notOk(existsSync(left), 'what a killed process left is removed');
  t.ok(existsSync(living));
  const own = readdirSync(tmpdir()).filter((name) =>
    name.startsWith(`lockstep-apt-${process.pid}-`),
  );
  t.same(own, []);
});

t.test('a cache that cannot be written to, or a wrong address, is told as such', async (t) => {
  const cache = t.testdir({ file: '' });
  await t.rejects(fetchFashionMnist({ cache: join(cache, 'file') }), {
    code: 'DATA_OUTPUT_FAILED',
    hint: /LOCKSTEP_CACHE/,
  });
  const origins = ['publisher'] as const;
  for (const url of ['nonsense', 'ftp://example.org/']) {
    await t.rejects(fetchFashionMnist({ cache, url, origins }), {
      message: new RegExp(`"${url}" is no http or https address`),
    });
  }
});

t.test('a file that another process put in place meanwhile is kept', async (t) => {
  const cache = t.testdir();
  const folder = join(cache, 'fashion-mnist');
  mkdirSync(folder);
  const server = await localPublisher(files, () => {
    // The other process was quicker with all that is still to come.
    cpSync(real, folder, { recursive: true });
    return false;
  });
  t.teardown(server.close);
  await fetchFashionMnist({ cache, url: server.url, limits });
  t.equal(server.requests.length, 1);
});
