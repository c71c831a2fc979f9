import { setTimeout as after } from 'node:timers/promises';
import t from 'tap';
import { clusterStatus } from '#src/index.js';
import { referenceRun } from './reference-run.js';
import type { TestCluster } from './cluster.js';

// Processors of unequal speed: the work follows what each was measured at, the weights do not.
t.setTimeout(300_000);

const run = await referenceRun(t);

/** A processor at a quarter of its speed: of every 40 ms, 30 are taken away. */
function slowDown(cluster: TestCluster, name: string): () => void {
  const { child } = cluster.workers.get(name)!;
  let on = true;
  const loop = async (): Promise<void> => {
    while (on && child.exitCode === null && !cluster.stopped) {
      child.kill('SIGSTOP');
      await after(30);
      child.kill('SIGCONT');
      await after(10);
    }
  };
  void loop();
  return () => {
    on = false;
  };
}

/** Micro-batches of a step that each worker is given, until the run is at `step`; summed. */
async function sharesUntil(cluster: TestCluster, step: number): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  while (cluster.steps < step) {
    const { workers } = await clusterStatus(cluster.url, cluster.tokenFile);
    for (const { name, microBatches } of workers) {
      sums.set(name, (sums.get(name) ?? 0) + (microBatches ?? 0));
    }
    await after(10);
  }
  return sums;
}

void t.test('ranges follow the measured speed, and follow it when it changes', async (t) => {
  await run.inCluster(t, async (cluster) => {
    await cluster.coordinate('--expect-workers', '2');
    cluster.workWith({}, 'one', '--threads', '1');
    cluster.workWith({}, 'two', '--threads', '1');
    await cluster.reached(2);
    const restore = slowDown(cluster, 'two');
    await cluster.reached(8);
    const first = await sharesUntil(cluster, 16);
    restore();
    const restoreOther = slowDown(cluster, 'one');
    await cluster.reached(22);
    const second = await sharesUntil(cluster, 32);
    restoreOther();
    t.comment(JSON.stringify([[...first], [...second]]));
    t.ok(first.get('one')! > 1.5 * first.get('two')!, 'the fast one has more to do');
    t.ok(second.get('two')! > 1.5 * second.get('one')!, 'and so has the other, once it is faster');
  });
});
