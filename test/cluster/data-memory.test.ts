import { readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { encodeIdxImages, encodeIdxLabels } from '#src/shared/data/idx.js';
import { cli } from '../support/cli-process.js';
import type { RunSummary } from '#src/index.js';
import { TestCluster } from './cluster.js';

// A worker with little memory for images, of a data set of 13 MB, beside one that holds it all.
t.setTimeout(300_000);
const folder = t.testdir();
const DATA_MEMORY = 600_000;
const SHAPE = { height: 28, width: 28, channels: 1 };
const COUNTS = { train: 14_000, t10k: 2_000 } as const;
const DATA_BYTES = 16_000 * 784;

/** Writes, when the process ends, how many bytes of shared memory it has ever allocated: images lie there. */
const WATCH = `
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
if (isMainThread) {
  let bytes = 0;
  globalThis.SharedArrayBuffer = new Proxy(SharedArrayBuffer, {
    construct(target, args) { bytes += args[0]; return Reflect.construct(target, args); },
  });
  process.on('exit', () => writeFileSync(process.env.WATCHED, String(bytes)));
}`;

await t.test('the same weights, and the images stay on the disk', async (t) => {
  const data = join(folder, 'data');
  await mkdir(data);
  for (const [name, count] of Object.entries(COUNTS)) {
    const labels = Uint16Array.from(randomBytes(count), (byte) => byte % 10);
    writeFileSync(join(data, `${name}-labels-idx1-ubyte`), encodeIdxLabels(labels));
    const images = encodeIdxImages(count, SHAPE, randomBytes(count * 784));
    writeFileSync(join(data, `${name}-images-idx3-ubyte`), images);
  }
  const watch = join(folder, 'watch.mjs');
  writeFileSync(watch, WATCH);
  const env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };
  const training = ['--model', 'mlp', '--data', data, '--steps', '12', '--batch-size', '256'];
  const alone = join(folder, 'alone');
  const one = await cli(['train', ...training, '--out', alone, '--threads', '1', '--json', '--quiet'], { env }); // prettier-ignore
  t.equal(one.status, 0, one.stderr);
  const { weightsDigest, trainLoss, testLoss } = JSON.parse(one.stdout) as RunSummary;

  const cluster = new TestCluster({ training, out: join(folder, 'cluster'), env });
  t.teardown(() => cluster.stop());
  // The coordinator too reads what it hands out from the disk.
  await cluster.coordinate('--expect-workers', '2', '--data-memory', String(DATA_MEMORY));
  const worker = (name: string, ...flags: string[]) => {
    const own = {
      ...env,
      LOCKSTEP_CACHE: join(folder, `cache-${name}`),
      WATCHED: join(folder, name),
    };
    const load = pathToFileURL(watch).href;
    return cluster.workWith({ env: own, load }, name, '--threads', '1', ...flags);
  };
  const small = worker('small', '--data-memory', String(DATA_MEMORY));
  const large = worker('large');
  const end = await cluster.ended();
  t.equal(end.status, 0, end.stderr);
  t.equal(cluster.summary.weightsDigest, weightsDigest, 'the same weights');
  t.equal(cluster.summary.trainLoss, trainLoss);
  t.equal(cluster.summary.testLoss, testLoss);

  const { stdout, stderr } = await small.ended;
  await large.ended;
  t.match(stdout, /Receiving the data set data: 12\.6 MB of 12\.6 MB/, stderr);
  t.match(stdout, /Images stay in .*received.*; at most 600\.0 kB of them are in memory/);
  const told = /with ([\d,]+) bytes of memory: of ([\d,]+) micro-batches ([\d,]+) ahead/.exec(
    stdout,
  );
  const [bytes, all, ahead] = told!.slice(1).map((text) => Number(text.replaceAll(',', '')));
  t.ok(bytes! <= DATA_MEMORY, `${String(bytes)} bytes`);
  t.ok(ahead! > all! * 0.8, told![0]);
  // Besides images: their labels, the orders of two epochs, results of evaluations, control words.
  const shared = (name: string): number => Number(readFileSync(join(folder, name), 'utf8'));
  t.ok(shared('large') > DATA_BYTES, `${String(shared('large'))} bytes, all images among them`);
  t.ok(shared('small') < DATA_MEMORY + 250_000, `${String(shared('small'))} bytes`);
});
