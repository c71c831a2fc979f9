import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import t from 'tap';
import { evaluateRun, tf, train, type RunSummary } from '#src/index.js';
import { realImages, untimedMetrics, writeImages } from '../support/small-runs.js';

// What frozen layers compute is kept from epoch to epoch and in the cache: no bit depends on it.
t.setTimeout(300_000);
const folder = t.testdir();
const data = await writeImages(join(folder, 'data'), await realImages(90, 31));
process.env['LOCKSTEP_CACHE'] = join(folder, 'cache');

/** Winograd convolutions, a window product and pools, frozen; a small net behind them. */
const net = (units = 12) =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({
        ...{ inputShape: [28, 28, 1], filters: 6, kernelSize: 3, activation: 'relu' },
        trainable: false,
      }),
      tf.layers.batchNormalization({ trainable: false }),
      tf.layers.averagePooling2d({ poolSize: 2 }),
      tf.layers.conv2d({ filters: 7, kernelSize: [1, 4], strides: 2, trainable: false }),
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units, activation: 'relu' }),
      tf.layers.dropout({ rate: 0.3 }),
      tf.layers.dense({ units: 10, activation: 'softmax' }),
    ],
  });

let runs = 0;
async function trained(more: Partial<Parameters<typeof train>[0]> = {}) {
  const notices: string[] = [];
  const ignore = (): void => undefined;
  const observer = {
    ...{ started: ignore, step: ignore, epoch: ignore, finished: ignore },
    notice: (text: string): void => void notices.push(text),
  };
  const summary = await train({
    ...{ model: net(), data, engine: 'wasm', epochs: 3, batchSize: 32, microBatch: 8, seed: 4 },
    ...{ validation: 20, learningRate: 0.01, threads: 2, out: join(folder, `run-${++runs}`) },
    ...{ observer, ...more },
  });
  return { summary, cached: notices.filter((text) => text.startsWith('Features')) };
}

const files = (): string[] => readdirSync(join(folder, 'cache', 'features')).sort();
const bits = ({ weightsDigest, trainLoss, testLoss, validationLoss, run }: RunSummary): object => ({
  ...{ weightsDigest, trainLoss, testLoss, validationLoss, metrics: untimedMetrics(run) },
});

const plain = await trained({ keepFeatures: 0 });
t.same(plain.cached, []);
const alone = await trained({ threads: 1 });
const filesOfAlone = files();

t.test('kept or not, by any number of threads: the same bits', async (t) => {
  t.same(alone.cached, [], 'nothing was in the cache');
  t.same(bits(alone.summary), bits(plain.summary));
  t.equal(files().length, 3, 'of each set');
  for (const threads of [1, 7]) {
    const again = await trained({ threads });
    t.same(
      again.cached,
      [70, 31, 20].map((count) => `Features of ${count} of ${count} images are in the cache.`),
    );
    t.same(bits(again.summary), bits(plain.summary), `${threads} threads, four micro-batches`);
  }
});

t.test('layers behind them may be others, frozen ones and images may not', async (t) => {
  const other = await trained({ model: net(5), epochs: 1 });
  t.equal(other.cached.length, 3);
  const smaller = await trained({ microBatch: 4, epochs: 1 });
  t.equal(smaller.cached.length, 3, 'other micro-batches');
  const seeded = await trained({ seed: 5, splitSeed: 4, epochs: 1 });
  t.same(seeded.cached, [], 'other frozen weights');
  const flipped = await trained({ augmentFlip: true, epochs: 1, evaluateEvery: 0 });
  t.equal(flipped.cached.length, 2, 'training images are changed in every epoch');
  const without = { augmentFlip: true, epochs: 1, evaluateEvery: 0, keepFeatures: 0 };
  t.same(bits(flipped.summary), bits((await trained(without)).summary));
});

t.test('evaluations take them too, and what is in them counts', async (t) => {
  const { run } = alone.summary;
  const loss = async () => (await evaluateRun(run, { sets: ['test'] })).sets[0]!.loss;
  const before = await loss();
  t.equal(before, alone.summary.testLoss);
  // Of the test set: by its size.
  const path = filesOfAlone
    .map((name) => join(folder, 'cache', 'features', name))
    .find((name) => readFileSync(name).length === 31 * (1 + 32) + 32)!;
  const bytes = readFileSync(path);
  const changed = Buffer.from(bytes);
  changed.fill(0, 31, changed.length - 32);
  writeFileSync(path, changed);
  t.equal(await loss(), before, 'a file with another checksum is none');
  createHash('sha256')
    .update(changed.subarray(0, -32))
    .digest()
    .copy(changed, changed.length - 32);
  writeFileSync(path, changed);
  t.not(await loss(), before, 'a whole one is taken for what it says');
  writeFileSync(path, bytes);
});

t.test('fast arithmetic keeps nothing for other machines', async (t) => {
  const before = files();
  const { cached } = await trained({ fastMath: true, epochs: 1 });
  t.same([cached, files()], [[], before]);
});

t.test('a cache that cannot be read is told of, and the run goes on', async (t) => {
  const cache = process.env['LOCKSTEP_CACHE']!;
  const broken = join(folder, 'broken');
  mkdirSync(broken);
  writeFileSync(join(broken, 'features'), 'no folder');
  process.env['LOCKSTEP_CACHE'] = broken;
  const { cached, summary } = await trained();
  process.env['LOCKSTEP_CACHE'] = cache;
  t.match(cached[0], /^Features could not be read from the cache: ENOTDIR/);
  t.match(cached.at(-1), /^Features could not be written/);
  t.same(bits(summary), bits(plain.summary));
});
