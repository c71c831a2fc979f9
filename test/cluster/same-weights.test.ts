import { setTimeout as after } from 'node:timers/promises';
import t from 'tap';
import { referenceRun } from './reference-run.js';

// Whoever computed it, whatever befell them: the weights, and every line of the metrics, are those
// of a run on one thread.
t.setTimeout(600_000);

const run = await referenceRun(t);
const inCluster = run.inCluster.bind(run);

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

void t.test('the coordinator stands still, and blames nobody', async (t) => {
  const cluster = await inCluster(t, async (cluster) => {
    await cluster.coordinate('--expect-workers', '2');
    cluster.work('one', '--threads', '1');
    cluster.work('two', '--threads', '1');
    await cluster.reached(9);
    process.kill(cluster.coordinatorPid, 'SIGSTOP');
    await after(7000);
    process.kill(cluster.coordinatorPid, 'SIGCONT');
  });
  const { stdout, stderr } = await cluster.ended();
  t.notMatch(stdout + stderr, /last heard of/);
});

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
