import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { RunSummary } from '#src/index.js';
import { cli } from '../support/cli-process.js';
import { realImages, untimedMetrics, writeImages } from '../support/small-runs.js';
import { TestCluster } from './cluster.js';

// Whoever computed it, whatever befell them: the weights, and every line of the metrics, are those
// of a run on one thread.
t.setTimeout(600_000);

const folder = t.testdir();
const env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };
const data = await writeImages(join(folder, 'data'), await realImages(700, 130));
// Eleven steps an epoch, the last of 60 samples; 8 micro-batches a step.
const training = [
  ...['--model', 'lenet5', '--data', data, '--steps', '40', '--batch-size', '64'],
  ...['--micro-batch', '8', '--checkpoint-every', '7', '--keep-checkpoints', '3'],
];

const alone = join(folder, 'alone');
const undisturbed = await cli(['train', ...training, '--out', alone, '--threads', '1', '--json'], {
  env,
});
t.equal(undisturbed.status, 0, undisturbed.stderr);
const expected = JSON.parse(undisturbed.stdout) as RunSummary;

let runs = 0;
async function inCluster(t: Test, act: (cluster: TestCluster) => Promise<void>): Promise<void> {
  const out = join(folder, `cluster-${String(++runs)}`);
  const cluster = new TestCluster({ training, out, env });
  try {
    await act(cluster);
    const end = await cluster.ended();
    if (!t.equal(end.status, 0, end.stderr)) return;
    const { weightsDigest, testLoss, trainAccuracy } = cluster.summary;
    t.equal(weightsDigest, expected.weightsDigest, 'the same weights');
    t.equal(testLoss, expected.testLoss);
    t.equal(trainAccuracy, expected.trainAccuracy);
    t.same(untimedMetrics(out), untimedMetrics(alone), 'the same metrics, each step once');
  } finally {
    await cluster.stop();
  }
}

void t.test('three workers of one, two and one threads', (t) =>
  inCluster(t, async (cluster) => {
    await cluster.coordinate('--expect-workers', '3');
    const workers = ['1', '2', '1'].map((threads, i) =>
      cluster.work(`w${String(i)}`, '--threads', threads),
    );
    await cluster.ended();
    for (const { ended } of workers) {
      const { status, stderr } = await ended;
      t.equal(status, 0, stderr);
    }
    t.equal(cluster.summary.threads, 4);
  }),
);

void t.test('a worker is killed, another comes', (t) =>
  inCluster(t, async (cluster) => {
    await cluster.coordinate('--expect-workers', '2');
    cluster.work('one', '--threads', '1');
    cluster.work('two', '--threads', '1');
    await cluster.reached(6);
    cluster.signal('two', 'SIGKILL');
    await cluster.reached(12);
    cluster.work('three', '--threads', '1');
  }),
);

void t.test('all workers are killed, one after the other, and replaced', (t) =>
  inCluster(t, async (cluster) => {
    await cluster.coordinate('--expect-workers', '2');
    cluster.work('a', '--threads', '1');
    cluster.work('b', '--threads', '1');
    await cluster.reached(5);
    cluster.work('c', '--threads', '1');
    cluster.signal('a', 'SIGKILL');
    await cluster.reached(15);
    cluster.signal('b', 'SIGKILL');
    cluster.signal('c', 'SIGKILL');
    await after(300);
    cluster.work('d', '--threads', '1');
  }),
);

void t.test('a worker stands still, is given up, and comes back', (t) =>
  inCluster(t, async (cluster) => {
    await cluster.coordinate('--expect-workers', '2');
    cluster.work('one', '--threads', '1');
    cluster.work('two', '--threads', '1');
    await cluster.reached(4);
    cluster.signal('two', 'SIGSTOP');
    await cluster.reached(10);
    cluster.signal('two', 'SIGCONT');
  }),
);

void t.test('the coordinator is killed and started again', (t) =>
  inCluster(t, async (cluster) => {
    await cluster.coordinate('--expect-workers', '2');
    cluster.work('one', '--threads', '1');
    cluster.work('two', '--threads', '1');
    await cluster.reached(9);
    await cluster.killCoordinator();
    await cluster.coordinate('--expect-workers', '2');
  }),
);
