import { PassThrough } from 'node:stream';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { CliContext } from '#src/cli/context.js';
import { runCli } from '#src/cli/run-cli.js';
import { FASHION_MNIST_DIGEST } from '#src/shared/data/fashion-mnist.js';
import { smallSet, writeIdxSplit } from '../../coordinator/data/image-folder.js';
import { fashionMnist, testCache } from '../../support/fashion-mnist.js';

await fashionMnist();
const realCache = testCache();

async function lockstep(...args: string[]) {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const context = {
    stdout: out as unknown as NodeJS.WriteStream,
    stderr: err as unknown as NodeJS.WriteStream,
    environment: { processors: 2, now: new Date(0), cwd: process.cwd() },
    loadProduct: () => Promise.reject(new TypeError('not needed here')),
    loadEngines: () => Promise.reject(new TypeError('not needed here')),
  } satisfies CliContext;
  const status = await runCli(args, context);
  const text = (stream: PassThrough) => (stream.read() as Buffer | null)?.toString() ?? '';
  return { status, out: text(out), err: text(err) };
}

t.test('data info checks a folder and tells sizes, classes and checksums', async (t) => {
  const root = t.testdir();
  process.env['LOCKSTEP_CACHE'] = join(root, 'cache');
  const folder = join(root, 'mine');
  writeIdxSplit(folder, 'train', smallSet(20));
  writeIdxSplit(folder, 't10k', smallSet(7));
  writeFileSync(join(folder, 'classes.txt'), 'ant\nbee\ncat\n');
  const text = await lockstep('data', 'info', folder);
  t.equal(text.status, 0, text.err);
  t.match(text.out, /20 training and 7 test images of 4 × 4 pixels, 1 channel, 3 classes/);
  t.match(text.out, /2 │ cat +│ +6 │ +2 │/);
  const json = await lockstep('data', 'info', folder, '--json');
  const description = JSON.parse(json.out) as Record<string, unknown>;
  t.match(description, {
    name: 'mine',
    format: 'idx',
    shape: { height: 4, width: 4, channels: 1 },
    classes: ['ant', 'bee', 'cat'],
    train: { count: 20, perClass: [7, 7, 6] },
    test: { count: 7, perClass: [3, 2, 2] },
  });
  t.equal((description['files'] as unknown[]).length, 5);
  const missing = await lockstep('data', 'info', join(root, 'absent'));
  t.equal(missing.status, 1);
  t.match(missing.err, /DATA_NOT_FOUND/);
});

t.test('data info, where and fetch find the real set in the cache', async (t) => {
  process.env['LOCKSTEP_CACHE'] = realCache;
  const info = await lockstep('data', 'info', '--json');
  t.match(JSON.parse(info.out), { name: 'fashion-mnist', digest: FASHION_MNIST_DIGEST });
  const where = await lockstep('data', 'where', '--json');
  const { sources } = JSON.parse(where.out) as { sources: { used: boolean; present: boolean }[] };
  t.equal(sources.filter(({ used, present }) => used && present).length, 1);
  const text = await lockstep('data', 'where');
  t.match(text.out, /^cache: .*\n1\. .*\n2\. .*\n3\. fetched into the cache: http/);
});

t.test('data convert writes the other format and names the files', async (t) => {
  const root = t.testdir();
  const [idx, csv] = [join(root, 'idx'), join(root, 'csv')];
  const shape = { height: 2, width: 2, channels: 3 };
  writeIdxSplit(idx, 'train', smallSet(3, { shape }));
  writeIdxSplit(idx, 't10k', smallSet(2, { shape }));
  const there = await lockstep('data', 'convert', idx, csv, '--no-header');
  t.equal(there.status, 0, there.err);
  t.same(
    there.out.trim().split('\n').sort(),
    readdirSync(csv).map((name) => join(csv, name)),
  );
  const twice = await lockstep('data', 'convert', idx, csv);
  t.equal(twice.status, 2);
  t.match(twice.err, /DATA_OUTPUT_EXISTS/);
  const back = await lockstep(
    'data',
    'convert',
    csv,
    join(root, 'b'),
    '--shape',
    '2x2x3',
    '--json',
  );
  t.equal((JSON.parse(back.out) as { written: string[] }).written.length, 4);
  t.match(
    (await lockstep('data', 'convert', csv, root, '--shape', 'big')).err,
    /DATA_SHAPE_INVALID/,
  );
});

t.test('data alone, and a command that it does not have, are usage errors', async (t) => {
  t.equal((await lockstep('data')).status, 2);
  t.equal((await lockstep('data', 'eat')).status, 2);
  t.equal((await lockstep('data', 'fetch', '--from', 'nowhere')).status, 2);
});
