import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { realImages, untimedMetrics, writeImages } from '../support/small-runs.js';
import { TestCluster } from './cluster.js';

// Gradients in 16 bits: not the same weights as elsewhere, but as good, and all workers have the
// same, whoever dies in the middle of it.
t.setTimeout(300_000);

const folder = t.testdir();
const env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };
const data = await writeImages(join(folder, 'data'), await realImages(1200, 300));
const training = [
  ...['--model', 'mlp', '--data', data, '--epochs', '6', '--batch-size', '64'],
  ...['--micro-batch', '8', '--checkpoint-every', '20'],
];

async function trained(wire: string, act: (cluster: TestCluster) => Promise<void>) {
  const out = join(folder, wire);
  const cluster = new TestCluster({ training: [...training, '--wire', wire], out, env });
  try {
    await cluster.coordinate('--expect-workers', '2');
    cluster.work('one', '--threads', '1');
    cluster.work('two', '--threads', '1');
    await act(cluster);
    const end = await cluster.ended();
    if (end.status !== 0) throw new TypeError(end.stderr);
    const testAccuracy = cluster.summary.testAccuracy ?? 0;
    return {
      ...cluster.summary,
      testAccuracy,
      metrics: untimedMetrics(out).filter(({ kind }) => kind === 'step'),
      told: end.stdout + end.stderr,
    };
  } finally {
    await cluster.stop();
  }
}

const exact = await trained('float32', () => Promise.resolve());
const rounded = await trained('float16', async (cluster) => {
  await cluster.reached(30);
  cluster.signal('two', 'SIGKILL');
  await cluster.reached(50);
  cluster.work('three', '--threads', '1');
});

t.test('It says that the weights are no longer the same', (t) => {
  t.match(rounded.told, /16 bits.*depend on the number of workers/s);
  t.notMatch(exact.told, /16 bits/);
  t.match(rounded.told, /ROUNDED GRADIENTS \(float16\)/);
  t.match([exact.wire, rounded.wire], ['float32', 'float16']);
  t.not(rounded.weightsDigest, exact.weightsDigest);
  t.end();
});

t.test('It learns as well', (t) => {
  t.ok(exact.testAccuracy > 0.75, `exact: ${String(exact.testAccuracy)}`);
  const apart = Math.abs(rounded.testAccuracy - exact.testAccuracy);
  t.ok(apart < 0.05, `rounded: ${String(rounded.testAccuracy)}`);
  const losses = [rounded, exact].map(({ metrics }) => metrics[0]!['loss'] as number);
  t.ok(Math.abs(losses[0]! - losses[1]!) < 1e-3, 'the first step is the same but for rounding');
  t.end();
});

t.test('Each step is told of once, in order, though a worker died', (t) => {
  const steps = rounded.metrics.map(({ step }) => Number(step));
  t.same(
    steps,
    steps.map((_, i) => i + 1),
  );
  t.equal(steps.length, exact.metrics.length);
  t.end();
});

t.teardown(() => rm(folder, { recursive: true, force: true }));
