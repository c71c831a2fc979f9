import t from 'tap';
import { Hosts } from './hosts.js';
import { referenceRun } from './reference-run.js';

// The same over the network of several hosts, and what networks do.
t.setTimeout(600_000);

const run = await referenceRun(t);
const hosts = new Hosts();
t.teardown(() => {
  hosts.remove();
});
const [one, two, three] = [hosts.add(), hosts.add(), hosts.add()];

void t.test('three hosts with two threads each', (t) =>
  run.inCluster(
    t,
    async (cluster) => {
      await cluster.coordinate('--expect-workers', '3');
      cluster.workOn(one, 'one', '--threads', '2');
      cluster.workOn(two, 'two', '--threads', '2');
      cluster.workOn(three, 'three', '--threads', '2');
    },
    one,
  ),
);

void t.test('a host whose cable is pulled, and put in again', async (t) => {
  const cluster = await run.inCluster(
    t,
    async (cluster) => {
      await cluster.coordinate('--expect-workers', '3');
      cluster.workOn(one, 'one', '--threads', '1');
      cluster.workOn(two, 'two', '--threads', '1');
      cluster.workOn(three, 'three', '--threads', '1');
      await cluster.reached(5);
      hosts.plug(three.name, false);
      const began = performance.now();
      await cluster.reached(cluster.steps + 3);
      const seconds = (performance.now() - began) / 1000;
      t.comment(`${seconds.toFixed(1)} s until three more steps`);
      t.ok(seconds < 12, 'noticed within five seconds, and trained on');
      hosts.plug(three.name, true);
    },
    one,
  );
  const { stdout } = await cluster.ended();
  t.match(stdout, /Worker three was last heard of \d+ ms ago/, 'the error names the culprit');
});

void t.test('a host behind a slow line', (t) => {
  hosts.shape(two.name, '100mbit');
  return run.inCluster(
    t,
    async (cluster) => {
      await cluster.coordinate('--expect-workers', '2');
      cluster.workOn(one, 'one', '--threads', '1');
      cluster.workOn(two, 'two', '--threads', '1');
    },
    one,
  );
});

void t.test('two hosts that cannot reach each other', async (t) => {
  hosts.part(two, three);
  const cluster = await run.inCluster(
    t,
    async (cluster) => {
      await cluster.coordinate('--expect-workers', '3');
      cluster.workOn(one, 'one', '--threads', '1');
      cluster.workOn(two, 'two', '--threads', '1');
      cluster.workOn(three, 'three', '--threads', '1');
    },
    one,
  );
  const { stdout } = await cluster.ended();
  t.notMatch(stdout, /last heard of|was closed/, 'nobody is removed for it');
});
