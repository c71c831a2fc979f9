import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import t from 'tap';
import type { RunSummary } from '#src/index.js';
import { cli, cliCommand, startCli, type StartedProcess } from '../support/cli-process.js';
import { realImages, writeImages } from '../support/small-runs.js';

// One command starts all, shows all, and leaves nothing behind.
t.setTimeout(300_000);

const folder = t.testdir();
const data = await writeImages(join(folder, 'data'), await realImages(700, 130));
// A stand-in for ssh: notes its arguments, runs the command for that host here.
const bin = join(folder, 'bin');
const sshLog = join(folder, 'ssh.log');
await mkdir(bin);
const stub = `#!/bin/sh\nprintf '%s\\n' "$*" >>${sshLog}\nfor last; do :; done\nexec sh -c "$last"\n`;
writeFileSync(join(bin, 'ssh'), stub, { mode: 0o755 });
const env = {
  ...process.env,
  LOCKSTEP_CACHE: join(folder, 'cache'),
  PATH: [bin, process.env['PATH']].join(delimiter),
};
const training = { model: 'lenet5', data, batchSize: 64, microBatch: 8, checkpointEvery: 7 };

let files = 0;
function clusterFile(workers: readonly object[], steps: number, more: object = {}) {
  const out = join(folder, `run-${++files}`);
  const file = join(folder, `cluster-${files}.json`);
  const train = { ...training, steps, out };
  const ssh = { command: cliCommand };
  writeFileSync(file, JSON.stringify({ workers, ssh, train, ...more }));
  return { file, out };
}

const three = ['a', 'b', 'c'].map((name) => ({ name, threads: 1 }));
const digest = (out: string): string =>
  (JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) as RunSummary).weightsDigest;

async function reachedStep(out: string, launched: StartedProcess): Promise<void> {
  const metrics = join(out, 'metrics.jsonl');
  const isThere = (): boolean =>
    existsSync(metrics) && readFileSync(metrics, 'utf8').includes('"kind":"step"');
  while (!isThere() && launched.child.exitCode === null) await after(20);
}

/** Processes that work for the run whose token file or cluster lies in this folder. */
async function workersOf(launched: StartedProcess): Promise<number[]> {
  const pid = launched.child.pid!;
  const tasks = `/proc/${pid}/task/${pid}/children`;
  return readFileSync(tasks, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

async function allGone(pids: readonly number[]): Promise<boolean> {
  for (let tries = 0; tries < 200 && pids.some(isAlive); tries++) await after(50);
  return !pids.some(isAlive);
}

const alone = join(folder, 'alone');
const config = join(folder, 'alone.json');
writeFileSync(config, JSON.stringify({ ...training, steps: 20, out: alone, threads: 1 }));
const undisturbed = await cli(['train', config], { env });
t.equal(undisturbed.status, 0, undisturbed.stderr);

t.test('three workers here: the weights of one thread', async (t) => {
  const { file, out } = clusterFile(three, 20);
  const end = await cli(['launch', file], { env });
  t.equal(end.status, 0, end.stderr);
  t.equal(digest(out), digest(alone));
  for (const { name } of three) t.match(end.stdout, `${name} | The run is finished.`);
  t.notMatch(end.stdout, '\u001B', 'no colours without a terminal');
});

t.test('over ssh, the token is in no argument', async (t) => {
  const { file, out } = clusterFile([{ host: 'far.example', threads: 1 }, ...three], 20);
  const end = await cli(['launch', file], { env });
  t.equal(end.status, 0, end.stderr);
  t.equal(digest(out), digest(alone));
  const log = readFileSync(sshLog, 'utf8');
  t.match(log, 'BatchMode=yes');
  t.match(log, '-- far.example');
  t.notMatch(log, readFileSync(join(out, 'cluster-token'), 'utf8').trim());
});

t.test('a worker that was killed is reported, and started again', async (t) => {
  const { file, out } = clusterFile(three, 60, { restarts: { backoffSeconds: 0 } });
  const launched = startCli(['launch', file], { env });
  await reachedStep(out, launched);
  const [first] = await workersOf(launched);
  process.kill(first!, 'SIGKILL');
  const end = await launched.ended;
  t.equal(end.status, 0, end.stderr);
  t.match(end.stdout, /Worker [abc] on localhost ended by signal SIGKILL; .*Restart 1 of 3/);
});

t.test('Ctrl-C ends the run with a checkpoint, and all workers', async (t) => {
  const { file, out } = clusterFile(three, 100_000);
  const launched = startCli(['launch', file], { env });
  await reachedStep(out, launched);
  const pids = await workersOf(launched);
  t.equal(pids.length, 3);
  launched.child.kill('SIGINT');
  const end = await launched.ended;
  t.equal(end.status, 130, end.stderr);
  t.match(end.stderr, 'RUN_INTERRUPTED');
  t.ok(await allGone(pids));
});

t.test('nothing outlives a launch that was killed, here or over ssh', async (t) => {
  const far = { host: 'far.example', threads: 1 };
  const { file, out } = clusterFile([far, three[0]!], 100_000);
  const launched = startCli(['launch', file], { env });
  await reachedStep(out, launched);
  const pids = await workersOf(launched);
  const below = pids.flatMap((pid) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean),
  );
  launched.child.kill('SIGKILL');
  await launched.ended;
  const all = [...pids, ...below.map(Number)];
  t.ok(all.length >= 3, 'also the one that ssh started');
  t.ok(await allGone(all));
});

t.test('workers that cannot start end the launch, after their restarts', async (t) => {
  const more = {
    ssh: { command: '/nowhere/lockstep' },
    restarts: { atMost: 1, backoffSeconds: 0 },
  };
  const { file } = clusterFile([{ host: 'far.example' }], 20, more);
  const end = await cli(['launch', file], { env });
  t.equal(end.status, 1);
  t.match(end.stderr, 'RUN_TOO_FEW_WORKERS');
  t.match(end.stdout, 'exit status 127');
  t.match(end.stdout, 'It was restarted 1 times; no more.');
});

t.test(
  'a worker that ends in the middle of the run is started again, whatever its status',
  async (t) => {
    const more = { ssh: { command: 'true' }, restarts: { atMost: 1, backoffSeconds: 0 } };
    const { file } = clusterFile([{ host: 'far.example' }], 20, more);
    const end = await cli(['launch', file], { env });
    t.equal(end.status, 1);
    t.match(end.stderr, 'RUN_TOO_FEW_WORKERS');
    t.match(end.stdout, /ended by exit status 0, in the middle of the run; .*Restart 1 of 1/);
  },
);

t.test('a wrong file is refused before anything starts', async (t) => {
  const { file } = clusterFile([{ hots: 'x' }], 20);
  const end = await cli(['launch', file], { env });
  t.equal(end.status, 2);
  t.match(end.stderr, 'workers.0.hots: no such key; did you mean host?');
});
