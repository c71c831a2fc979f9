import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { referenceRun } from './reference-run.js';

// A run that ends early ends where one thread would have ended it, with its best weights, whoever
// computes and whoever coordinates.
t.setTimeout(300_000);

const run = await referenceRun(t, [
  ...['--model', 'mlp', '--steps', '2000', '--learning-rate', '0.01'],
  ...['--early-stopping-patience', '2', '--early-stopping-start', '1', '--restore-best'],
]);
const inCluster = run.inCluster.bind(run);
const { steps, stoppedEarly, best } = run.summary;

t.test('the run on one thread stops early, after its best', async (t) => {
  t.ok(stoppedEarly);
  t.equal(steps, best!.step + 2 * 11, '11 steps an epoch, two evaluations that were no better');
  t.ok(steps > 40 && steps < 2000, String(steps));
});

t.test('two workers, and the coordinator is killed and started again', (t) =>
  inCluster(t, async (cluster) => {
    await cluster.coordinate('--expect-workers', '2');
    cluster.work('one', '--threads', '1');
    cluster.work('two', '--threads', '1');
    await cluster.reached(steps - 14);
    await cluster.killCoordinator();
    t.notOk(existsSync(join(cluster.options.out, 'summary.json')));
    await cluster.coordinate('--expect-workers', '2');
    await cluster.ended();
    const { summary } = cluster;
    t.same([summary.steps, summary.stoppedEarly, summary.best], [steps, true, best]);
  }),
);
