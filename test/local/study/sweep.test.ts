import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { evaluateRun, LockstepError, sweep, train, type RunRow, type StudyInput, type SweepResults } from '#src/index.js'; // prettier-ignore
import { isAlive } from '#src/coordinator/process-alive.js';
import { acquireLock } from '#src/coordinator/run-folder/lock.js';
import { startCli } from '../../support/cli-process.js';
import { realImages, writeImages } from '../../support/small-runs.js';

// Real processes on few real images: what a study answers must not depend on who computed what when.
t.setTimeout(300_000);
const folder = t.testdir();
process.env['LOCKSTEP_CACHE'] = join(folder, 'cache');
const data = await writeImages(join(folder, 'data'), await realImages(200, 40));
const TRAIN = { model: 'mlp', data, epochs: 3, batchSize: 40, validation: 0.2, optimizer: 'sgd', seed: 2 } as const; // prettier-ignore

/** Rates whose rungs differ in their best run, so that halving has something to decide. */
const HALVING: StudyInput = {
  train: TRAIN,
  search: 'halving',
  space: { learningRate: { from: 0.003, to: 0.3, scale: 'log' }, momentum: [0, 0.9] },
  budget: { runs: 3 },
  halving: { eta: 2, minEpochs: 1, maxEpochs: 2 },
  seed: 1,
};

/** All that does not come from a clock, or from who computed. */
function untimed(results: SweepResults): object {
  const rows = results.runs.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([key]) => !/Second|threads/.test(key))),
  );
  return { ...results, folder: '', runs: rows };
}

const digests = (runs: readonly RunRow[]): (string | null)[] =>
  runs.map((row) => row.weightsDigest);

const one = (await sweep(HALVING, { out: join(folder, 'one'), parallel: 1, threads: 2 })) as SweepResults; // prettier-ignore

t.test('side by side or one after another, runs end with the same weights', async (t) => {
  const two = (await sweep(HALVING, { out: join(folder, 'two'), parallel: 2 })) as SweepResults;
  t.same(untimed(two), untimed(one));
  t.equal(new Set(digests(one.runs)).size, 3, 'each with its own');
  t.same(
    one.runs.map(({ status }) => status),
    ['done', 'stopped', 'stopped'],
  );
  t.same(
    one.runs.map(({ epochs }) => epochs),
    [2, 1, 1],
  );
});

t.test('a run of a study is the run that train makes, but for the test set', async (t) => {
  const [best] = one.runs;
  const { weightsDigest, validationLoss, validationAccuracy } = await train({
    ...TRAIN,
    ...best!.settings,
    epochs: 2,
    splitSeed: 2,
    out: join(folder, 'alone'),
  });
  t.same(
    { weightsDigest, validationLoss, validationAccuracy },
    {
      weightsDigest: best!.weightsDigest,
      validationLoss: best!.validationLoss,
      validationAccuracy: best!.validationAccuracy,
    },
  );
});

t.test('only the chosen run sees the test set, once', async (t) => {
  const best = one.runs[0]!;
  t.equal(one.chosen, best.run);
  const report = await evaluateRun(join(folder, 'one', 'runs', best.run), { sets: ['test'] });
  t.equal(one.test!.accuracy, report.sets[0]!.accuracy);
  t.equal(one.test!.loss, report.sets[0]!.loss);
  for (const run of await readdir(join(folder, 'one', 'runs'))) {
    const file = join(folder, 'one', 'runs', run);
    const metrics = readFileSync(join(file, 'metrics.jsonl'), 'utf8');
    t.notMatch(metrics, /"testLoss":\d/, 'no epoch was evaluated on it');
    const summary = JSON.parse(readFileSync(join(file, 'summary.json'), 'utf8')) as object;
    t.match(summary, { testLoss: null, testAccuracy: null });
  }
});

t.test('killed at any time, the same command goes on to the same table', async (t) => {
  const file = join(folder, 'killed.json');
  await writeFile(file, JSON.stringify(HALVING));
  const out = join(folder, 'killed');
  const args = ['sweep', file, '--out', out, '--parallel', '2', '--json'];
  const outcomes = (): number => {
    const file = join(out, 'state.json');
    if (!existsSync(file)) return 0;
    const state = JSON.parse(readFileSync(file, 'utf8')) as { outcomes: object };
    return Object.keys(state.outcomes).length;
  };
  const begun = (): boolean => existsSync(join(out, 'runs', '001', 'metrics.jsonl'));
  // In the middle of the first runs; between two of them; before the second rung.
  for (const moment of [begun, () => outcomes() >= 1, () => outcomes() >= 3]) {
    const { child, ended } = startCli(args);
    const until = performance.now() + 60_000;
    while (!moment() && performance.now() < until) await sleep(5);
    t.ok(moment() && child.exitCode === null, 'it is hit at work');
    child.kill('SIGKILL');
    await ended;
  }
  const { status, stdout, stderr } = await startCli(args).ended;
  t.equal(status, 0, stderr);
  t.same(untimed(JSON.parse(stdout) as SweepResults), untimed(one));
  const again = (await sweep(HALVING, { out })) as SweepResults;
  t.same(untimed(again), untimed(one), 'and a finished one answers what it has');
});

t.test('no run outlives its study, however that ends', async (t) => {
  const file = join(folder, 'long.json');
  await writeFile(
    file,
    JSON.stringify({ train: { ...TRAIN, epochs: 5000 }, space: { seed: [1] } }),
  );
  const out = join(folder, 'long');
  const { child, ended } = startCli(['sweep', file, '--out', out]);
  const run = join(out, 'runs', '001');
  const until = performance.now() + 60_000;
  while (!existsSync(join(run, 'metrics.jsonl')) && performance.now() < until) await sleep(20);
  const { pid } = JSON.parse(readFileSync(join(run, 'lock'), 'utf8')) as { pid: number };
  t.ok(isAlive(pid) && pid !== child.pid, 'a run is a process of its own');
  child.kill('SIGKILL');
  await ended;
  const patience = performance.now() + 10_000;
  while (isAlive(pid) && performance.now() < patience) await sleep(20);
  t.notOk(isAlive(pid), 'it ends with its study');
});

t.test(
  'a run whose process is killed goes on from its checkpoint, to the same weights',
  async (t) => {
    const out = join(folder, 'shot');
    const told: string[] = [];
    let shots = 0;
    const observer = {
      notice: (text: string) => void told.push(text),
      began: () => undefined,
      runStarted: () => undefined,
      runMessage: (_: unknown, { kind }: { kind: string }) => {
        if (kind !== 'epoch' || shots > 0) return;
        const lock = readFileSync(join(out, 'runs', '001', 'lock'), 'utf8');
        process.kill((JSON.parse(lock) as { pid: number }).pid, 'SIGKILL');
        shots++;
      },
      runEnded: () => undefined,
      progress: () => undefined,
    };
    const config = { ...TRAIN, epochs: 12 };
    const study = { train: config, space: { learningRate: [0.1] }, test: false };
    const { runs } = (await sweep(study, { out, observer })) as SweepResults;
    t.equal(shots, 1);
    t.match(told.join('\n'), /Run 001 died \(signal SIGKILL.*it goes on from its checkpoint\./);
    const whole = await train({
      ...config,
      learningRate: 0.1,
      splitSeed: 2,
      out: join(folder, 'unshot'),
    });
    t.equal(runs[0]!.weightsDigest, whole.weightsDigest);
  },
);

t.test('a run whose folder is still held waits for it', async (t) => {
  const out = join(folder, 'held');
  const run = join(out, 'runs', '001');
  await mkdir(run, { recursive: true });
  const lock = await acquireLock(join(run, 'lock'), () => undefined);
  const study = { train: { ...TRAIN, epochs: 1 }, space: { seed: [1] }, test: false };
  const results = sweep(study, { out });
  await sleep(4000);
  t.notOk(existsSync(join(run, 'config.json')), 'it has not begun');
  await lock.release();
  t.equal(((await results) as SweepResults).chosen, '001');
});

t.test('a run that fails is named with its reason, and the others are not lost', async (t) => {
  const model = join(folder, 'broken.mjs');
  await writeFile(model, 'export default () => { throw new Error("no such thing"); };\n');
  const study: StudyInput = {
    train: { ...TRAIN, epochs: 1 },
    variants: { good: { seed: 3 }, wild: { learningRate: 1e30 }, broken: { model } },
  };
  const out = join(folder, 'failing');
  const { runs, chosen } = (await sweep(study, { out })) as SweepResults;
  t.equal(chosen, '001');
  t.same(
    runs.map(({ run, status, rank, error }) => [run, status, rank, error?.code]),
    [
      ['001', 'done', 1, undefined],
      ['002', 'failed', null, 'STEP_NOT_FINITE'],
      ['003', 'failed', null, 'MODEL_MODULE_FAILED'],
    ],
  );
  t.match(runs[2]!.error!.message, /no such thing/);
  // Mended, it is trained when that is asked for; until then what failed stays as it was.
  await writeFile(
    model,
    `export default ({ tf }) => tf.sequential({ layers: [
       tf.layers.flatten({ inputShape: [28, 28, 1] }),
       tf.layers.dense({ units: 10, activation: 'softmax' }),
     ] });\n`,
  );
  const still = (await sweep(study, { out })) as SweepResults;
  t.same(still.runs, runs);
  const mended = (await sweep(study, { out, retryFailed: true })) as SweepResults;
  const statuses = mended.runs.map(({ run, status }) => `${run} ${status}`);
  t.same(statuses.sort(), ['001 done', '002 failed', '003 done']);
});

t.test('another study in the same folder is refused, and said where it differs', async (t) => {
  const other = { ...HALVING, train: { ...TRAIN, batchSize: 50 }, seed: 4 };
  await t.rejects(sweep(other, { out: join(folder, 'one') }), {
    code: 'CONFIG_STUDY_DIFFERS',
    message: /base\.batchSize: the folder has 40, got 50\n {2}seed: the folder has 1, got 4$/,
  });
});

t.test('an abort ends the runs with checkpoints, and the study goes on from there', async (t) => {
  const out = join(folder, 'aborted');
  const stop = new AbortController();
  const observer = {
    notice: () => undefined,
    began: () => undefined,
    runStarted: () => undefined,
    runMessage: (_: unknown, { kind }: { kind: string }) => {
      if (kind === 'epoch') stop.abort();
    },
    runEnded: () => undefined,
    progress: () => undefined,
  };
  const study = { train: { ...TRAIN, epochs: 20 }, space: { learningRate: [0.1] } };
  const error = await sweep(study, { out, observer, signal: stop.signal }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  t.ok(error instanceof LockstepError && error.code === 'RUN_INTERRUPTED');
  const steps = (): number => {
    const lines = readFileSync(join(out, 'runs', '001', 'metrics.jsonl'), 'utf8').trimEnd();
    return lines.split('\n').filter((line) => line.includes('"kind":"step"')).length;
  };
  const before = steps();
  t.ok(before >= 4 && before < 80, `${String(before)} of 80 steps`);
  const { runs } = (await sweep(study, { out })) as SweepResults;
  t.equal(runs[0]!.steps, 80);
  t.equal(steps(), 80);
});

t.test('a range test tells the rate at which the loss falls, and where it diverges', async (t) => {
  const out = join(folder, 'range');
  const shared = { model: 'mlp', data, optimizer: 'sgd', batchSize: 8, epochs: 4 } as const;
  const results = await sweep(
    { search: 'rangeTest', train: { ...shared, minLearningRate: 1e-5, learningRate: 100 } },
    { out },
  );
  if (results.search !== 'rangeTest') throw new LockstepError('LOCKSTEP_INTERNAL', 'other results');
  const { points, steepest, diverges } = results;
  t.ok(Math.abs(points[0]!.learningRate / 1e-5 - 1) < 1e-5);
  t.ok(steepest! > 1e-3 && steepest! < diverges!, `falls at ${String(steepest)}`);
  t.ok(diverges! > 0.05 && diverges! < 100, `diverges at ${String(diverges)}`);
  const csv = readFileSync(join(out, 'results.csv'), 'utf8').trimEnd().split('\r\n');
  t.equal(csv.length, points.length + 1);
});

t.test('folders of strangers are left alone', async (t) => {
  const out = join(folder, 'strange');
  await mkdir(out);
  await writeFile(join(out, 'study.json'), 'not json');
  await t.rejects(sweep(HALVING, { out }), { code: 'RUN_FOLDER_IO' });
  t.equal(readFileSync(join(out, 'study.json'), 'utf8'), 'not json');
});
