import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cli } from '../support/cli-process.js';
import { realImages, writeImages } from '../support/small-runs.js';
import { TestCluster } from './cluster.js';

// Who joins, who is told to stay out and why, and what can be seen of it from outside.
t.setTimeout(300_000);

const folder = t.testdir();
const env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };
const data = await writeImages(join(folder, 'data'), await realImages(400, 60));
const training = ['--model', 'mlp', '--data', data, '--batch-size', '40'];
/** Of a run that lasts until it is ended. */
const ENDLESS = ['--epochs', '100000', '--evaluate-every', '0'];
let runs = 0;
function clusterOf(...flags: readonly string[]): TestCluster {
  const out = join(folder, `run-${String(++runs)}`);
  return new TestCluster({ training: [...training, ...flags], out, env });
}

void t.test('the status of a run, and who may see it', async (t) => {
  const cluster = clusterOf(...ENDLESS);
  t.teardown(() => cluster.stop());
  await cluster.coordinate();
  cluster.work('one', '--threads', '1');
  cluster.work('two', '--threads', '2');
  await cluster.reached(20);
  const asked = ['status', cluster.url, '--token-file', cluster.tokenFile];
  const json = await cli([...asked, '--json'], { env });
  t.equal(json.status, 0, json.stderr);
  const status = JSON.parse(json.stdout) as {
    stable: number;
    workers: { name: string; threads: number; role: string }[];
  };
  t.ok(status.stable > 0);
  const seen = status.workers.map(({ name, threads }) => `${name} ${String(threads)}`).sort();
  t.same(seen, ['one 1', 'two 2']);
  const other = join(folder, 'other-token');
  const wrong = 'not-the-token-of-this-run-at-all';
  writeFileSync(other, `${wrong}\n`);
  const refused = await cli(['status', cluster.url, '--token-file', other], { env });
  t.equal(refused.status, 1);
  t.match(refused.stderr, /JOIN_REFUSED: The token is not that of this run/);
  t.notMatch(refused.stderr, wrong, 'no token is printed');
  const where = ['--join', cluster.url, '--token-file', other];
  const worker = await cli(['worker', ...where, '--threads', '1'], { env });
  t.equal(worker.status, 1);
  t.match(worker.stderr, /JOIN_REFUSED: The token is not that of this run/);
  t.ok(worker.seconds < 20, 'at once');
});

void t.test('a stopped run leaves a checkpoint, and its workers end with it', async (t) => {
  const cluster = clusterOf(...ENDLESS);
  t.teardown(() => cluster.stop());
  await cluster.coordinate();
  const worker = cluster.work('one', '--threads', '1');
  await cluster.reached(30);
  cluster.interruptCoordinator();
  const end = await cluster.ended();
  t.equal(end.status, 130, end.stderr);
  t.match(end.stderr, /RUN_INTERRUPTED/);
  t.match(end.stderr, /--resume/);
  const { status, seconds } = await worker.ended;
  t.not(status, null, 'the worker ended by itself');
  t.ok(seconds < 60);
});

void t.test('a worker that is told to leaves, and the run goes on', async (t) => {
  const cluster = clusterOf(...ENDLESS);
  t.teardown(() => cluster.stop());
  await cluster.coordinate();
  cluster.work('stays', '--threads', '1');
  const leaver = cluster.work('leaves', '--threads', '1');
  await cluster.reached(20);
  cluster.signal('leaves', 'SIGTERM');
  const { status, stderr } = await leaver.ended;
  t.equal(status, 130, stderr);
  await cluster.reached(cluster.steps + 50);
});

void t.test('too few workers: an error, and a checkpoint to go on from', async (t) => {
  const cluster = clusterOf(...ENDLESS);
  t.teardown(() => cluster.stop());
  await cluster.coordinate('--min-workers', '2', '--wait', '8');
  cluster.work('one', '--threads', '1');
  cluster.work('two', '--threads', '1');
  await cluster.reached(20);
  cluster.signal('two', 'SIGKILL');
  const end = await cluster.ended();
  t.equal(end.status, 1);
  t.match(end.stderr, /RUN_TOO_FEW_WORKERS: 1 of at least 2 workers/);
  t.ok(existsSync(join(cluster.options.out, 'checkpoints')));
});

void t.test('nobody comes at all', async (t) => {
  const cluster = clusterOf('--epochs', '2');
  t.teardown(() => cluster.stop());
  await cluster.coordinate('--wait', '1');
  const end = await cluster.ended();
  t.equal(end.status, 1);
  t.match(end.stderr, /RUN_TOO_FEW_WORKERS: 0 of at least 1 workers/);
});

void t.test('nobody is there to join', async (t) => {
  const token = join(folder, 'some-token');
  writeFileSync(token, 'a-token-of-enough-characters\n');
  const where = ['--join', 'ws://127.0.0.1:9', '--token-file', token];
  const end = await cli(['worker', ...where, '--threads', '1', '--wait', '1'], { env });
  t.equal(end.status, 1);
  t.match(end.stderr, /JOIN_FAILED: ws:\/\/127.0.0.1:9 does not answer as a Lockstep run/);
});

void t.test('the token file is for its owner alone', async (t) => {
  const cluster = clusterOf('--epochs', '1');
  t.teardown(() => cluster.stop());
  await cluster.coordinate();
  t.equal(statSync(cluster.tokenFile).mode & 0o777, 0o600);
  t.match(readFileSync(cluster.tokenFile, 'utf8'), /^[0-9a-f]{64}\n$/);
});
