import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import t from 'tap';
import type { RunSummary } from '#src/index.js';
import { cli, cliCommand } from '../support/cli-process.js';
import { realImages, stepsOf, writeImages } from '../support/small-runs.js';
import { NODES, Slurm } from './slurm.js';

// The script that `lockstep launch --slurm` prints, on a real Slurm of three nodes.
t.setTimeout(400_000);

const STEPS = 120;
const slurm = await Slurm.start();
t.teardown(() => slurm.stop());
const { folder } = slurm;
const data = await writeImages(join(folder, 'data'), await realImages(300, 60));
const env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };
const training = { model: 'mlp', data, batchSize: 64, microBatch: 8, steps: STEPS };

const config = join(folder, 'alone.json');
const alone = join(folder, 'alone');
writeFileSync(config, JSON.stringify({ ...training, threads: 1, out: alone }));
const undisturbed = await cli(['train', config, '--quiet'], { env });
t.equal(undisturbed.status, 0, undisturbed.stderr);

let jobs = 0;
async function submit(): Promise<{ job: string; out: string; script: string }> {
  const name = `run-${++jobs}`;
  const out = join(folder, name);
  const cluster = {
    coordinator: { listen: `0.0.0.0:${7400 + jobs}` },
    workers: NODES.map((host) => ({ host, name: `on-${host}`, threads: 1 })),
    ssh: { command: cliCommand },
    train: { ...training, out },
  };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(cluster));
  const printed = await cli(['launch', join(folder, `${name}.json`), '--slurm'], { env });
  t.equal(printed.status, 0, printed.stderr);
  const script = join(folder, `${name}.sh`);
  writeFileSync(script, printed.stdout);
  return { job: slurm.submit(script, env), out, script };
}

async function reached(step: number, out: string, job: string): Promise<void> {
  const metrics = join(out, 'metrics.jsonl');
  for (let tries = 0; ; tries++) {
    const text = existsSync(metrics) ? readFileSync(metrics, 'utf8') : '';
    if (text.split('"kind":"step"').length > step) return;
    if (tries > 1500) throw new TypeError(`No step ${step}: ${slurm.output(job)}`);
    await after(20);
  }
}

function sameRun(t: Tap, out: string, job: string): void {
  const summary = (run: string): RunSummary =>
    JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8')) as RunSummary;
  if (!t.ok(existsSync(join(out, 'summary.json')), 'it has a summary')) {
    t.comment(slurm.output(job));
    return;
  }
  t.equal(summary(out).weightsDigest, summary(alone).weightsDigest, 'the weights of one thread');
  t.same(stepsOf(out), stepsOf(alone), 'each step once');
}
type Tap = typeof t;

t.test('sbatch: three nodes, the weights of one thread', async (t) => {
  const { job, out } = await submit();
  t.equal(await slurm.ended(job), 'COMPLETED', slurm.output(job));
  sameRun(t as Tap, out, job);
  for (const node of NODES) t.match(slurm.output(job), new RegExp(`on-${node} \\(${node}, `));
});

t.test('pre-emption: a checkpoint, all leave, and the requeued job goes on', async (t) => {
  const { job, out } = await submit();
  await reached(20, out, job);
  slurm.run('scontrol', 'requeue', job);
  t.equal(await slurm.ended(job), 'COMPLETED', slurm.output(job));
  t.equal(slurm.job(job).get('Restarts'), '1');
  const text = slurm.output(job);
  t.match(text, 'RUN_INTERRUPTED');
  t.notMatch(text, /was closed|last heard of/, 'nobody was lost before the checkpoint');
  const [, step] = /Going on after step (\d+)/.exec(text) ?? [];
  t.ok(Number(step) >= 20 && Number(step) < STEPS, `it went on after step ${step}`);
  sameRun(t as Tap, out, job);
});

t.test('TERM to the script alone, as before the time limit; the next job goes on', async (t) => {
  const { job, out, script } = await submit();
  await reached(20, out, job);
  slurm.run('scancel', '--batch', '--signal=TERM', job);
  t.equal(await slurm.ended(job), 'FAILED', 'it did not finish');
  t.match(slurm.output(job), 'RUN_INTERRUPTED');
  t.notMatch(slurm.output(job), /was closed|last heard of/);
  const next = slurm.submit(script, env);
  t.equal(await slurm.ended(next), 'COMPLETED', slurm.output(next));
  t.match(slurm.output(next), /Going on after step [2-9]\d/);
  sameRun(t as Tap, out, next);
});

// The last: the node stays down.
t.test('a node is lost in the middle: the others finish, with the same weights', async (t) => {
  const { job, out } = await submit();
  await reached(20, out, job);
  t.ok(slurm.killNode('n3') >= 2, 'slurmd, and what it ran');
  await reached(STEPS, out, job);
  t.equal(await slurm.ended(job), 'COMPLETED', slurm.output(job));
  t.match(slurm.output(job), /worker on-n3 was closed/);
  sameRun(t as Tap, out, job);
});
