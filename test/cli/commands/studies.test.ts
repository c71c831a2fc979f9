import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Product } from '#src/cli/product.js';
import { runCli } from '#src/cli/run-cli.js';
import { readStudy } from '#src/local/study/read-study.js';
import { ENSEMBLE, FAILED, FOLDS, row, SCALE, SWEEP } from '../../support/fake-studies.js';
import { Screen } from '../display/fake-run.js';

async function lockstep(args: string[], changes: Partial<Product> = {}) {
  const [stdout, stderr] = [new Screen(), new Screen()];
  const calls: unknown[][] = [];
  const product: Partial<Product> = {
    readStudy,
    sweep: (study, { observer, signal, onDataProgress, ...options }) => {
      calls.push(['sweep', study, options, [typeof observer, signal?.aborted, typeof onDataProgress]]); // prettier-ignore
      return Promise.resolve(SWEEP);
    },
    kfold: (input, { observer: _, signal: __, onDataProgress: ___, ...options }) => {
      calls.push(['kfold', input, options]);
      return Promise.resolve(FOLDS);
    },
    scale: (input, { observer: _, signal: __, onDataProgress: ___, ...options }) => {
      calls.push(['scale', input, options]);
      return Promise.resolve(SCALE);
    },
    ensemble: ({ notice, ...input }) => {
      notice?.('Asking a.');
      calls.push(['ensemble', input]);
      return Promise.resolve(ENSEMBLE);
    },
    ...changes,
  };
  const status = await runCli(args, {
    stdout: stdout.asWriteStream(),
    stderr: stderr.asWriteStream(),
    environment: { processors: 6, now: new Date(0), cwd: '/home/me' },
    loadProduct: () => Promise.resolve(product as Product),
    loadEngines: () => Promise.reject(new TypeError('not needed here')),
  });
  return { status, out: stdout.text, err: stderr.text, calls };
}

t.test(
  'sweep reads its file, whose paths count from where it lies, and tables the runs',
  async (t) => {
    const file = join(t.testdir(), 'my-rates.json');
    const content = {
      $schema: 'x',
      recipe: 'base.json',
      train: { data: 'images', epochs: 2 },
      space: { model: ['mlp', './own.js'] },
      variants: { a: { model: './b.mjs' } },
    };
    writeFileSync(file, JSON.stringify(content));
    const { status, out, calls } = await lockstep([
      'sweep',
      file,
      '--parallel',
      '4',
      '--threads',
      '2',
    ]);
    t.equal(status, 0, 'a run that diverged is a result');
    const at = (name: string): string => join(file, '..', name);
    const study = {
      recipe: at('base.json'),
      train: { data: at('images'), epochs: 2 },
      space: { model: ['mlp', at('own.js')] },
      variants: { a: { model: at('b.mjs') } },
    };
    const options = {
      out: '/home/me/studies/my-rates',
      parallel: 4,
      threads: 2,
      retryFailed: false,
    };
    t.same(calls, [['sweep', study, options, ['object', false, 'function']]]);
    t.match(out, /│ 1 │ 002 │ 0\.1 +│ +2 │ +85\.00 % │ 0\.5000 │ 80\.00 % │ 1 min 01 s │/);
    t.match(out, /│ – │ 003 │ 9 +│ +│ STEP_NOT_FINITE │/);
    t.match(out, /chosen +002, by the accuracy on validation data\ntest +loss 0\.3456 {2}accuracy 90\.00 %/); // prettier-ignore
  },
);

t.test(
  'runs that failed otherwise than by diverging end the command with their names',
  async (t) => {
    const file = join(t.testdir({ 's.json': '{}' }), 's.json');
    const broken = { code: 'MODEL_UNKNOWN', message: 'There is none.' } as const;
    const runs = [...SWEEP.runs, row('004', { learningRate: 1 }, { ...FAILED, error: broken })];
    const { status, out, err } = await lockstep(['sweep', file, '--json'], {
      sweep: () => Promise.resolve({ ...SWEEP, runs }),
    });
    t.equal(status, 1);
    t.same(JSON.parse(out), { ...SWEEP, runs }, 'the results are printed all the same');
    t.match(err, /STUDY_RUNS_FAILED: 2 of 4 runs failed:\n.*003: STEP_NOT_FINITE.*\n.*004: MODEL_UNKNOWN: There is none\./); // prettier-ignore
  },
);

t.test('kfold takes flags and a file, without what holds back otherwise', async (t) => {
  const file = join(t.testdir({ 'r4.json': '{"validation": 0.2, "epochs": 3}' }), 'r4.json');
  const { status, out, calls } = await lockstep(['kfold', file, '--folds', '2', '--seed', '5']);
  t.equal(status, 0);
  const options = { out: '/home/me/studies/r4-kfold', retryFailed: false };
  t.same(calls, [['kfold', { config: { epochs: 3, seed: 5 }, folds: 2 }, options]]);
  t.match(out, /│ mean +│ +│ +77\.50 % │ 0\.5000 │/);
  t.match(out, /│ deviation │ +│ +3\.54 % │/);
  t.match(out, /best fold fold-02/);
  t.equal((await lockstep(['kfold', file, '--fold', '1'])).status, 2);
});

t.test('scale takes lists of numbers, and tables what they make of the machine', async (t) => {
  const args = ['scale', '--model', 'mlp', '--validation', '0.1', '--batch', '64,128'];
  const { status, out, calls } = await lockstep([...args, '--epochs', '1,3', '--target', '0.8']);
  t.equal(status, 0);
  const wish = {
    config: { model: 'mlp', validation: 0.1 },
    threads: [1, 2, 4, 6],
    batch: [64, 128],
    epochs: [1, 3],
    target: 0.8,
  };
  t.same(calls, [['scale', wish, { out: '/home/me/studies/mlp-scale', retryFailed: false }]]);
  t.match(out, /│ +2 │ +64 │ +3 │ +1,500 │ +2\.14 │ +107 % │ 100 % │ +75\.00 % │ +30\.0 s │ +– │/);
  const wrong = await lockstep([...args, '--threads', '1,two']);
  t.equal(wrong.status, 2);
  t.match(
    wrong.err,
    /--threads: expected whole numbers with commas between, such as 1,2; got "1,two"/,
  );
});

t.test('ensemble tables members and methods, and marks the chosen one', async (t) => {
  const { status, out, err, calls } = await lockstep([
    'ensemble',
    'a',
    '/runs/b',
    '--method',
    'vote',
  ]);
  t.equal(status, 0);
  t.same(calls, [['ensemble', { members: ['/home/me/a', '/runs/b'], method: 'vote' }]]);
  t.match(out, /│ b \(3 models\) │ +91\.00 % │ 0\.2500 │ +– │ +– │/);
  t.match(out, /│ average ← +│ +93\.00 % │ 0\.2000 │ 92\.50 % │ 0\.2100 │/);
  t.match(out, /│ vote +│ +92\.00 % │ +– │/);
  t.match(err, /Asking a\./);
  t.equal((await lockstep(['ensemble', 'a', 'b', '--method', 'mean'])).status, 2);
});
