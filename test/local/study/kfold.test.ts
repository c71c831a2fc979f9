import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { kfold, reportRuns, scale, train } from '#src/index.js';
import { loadDataset } from '#src/coordinator/data/load-dataset.js';
import { splitOf } from '#src/local/split-data.js';
import { resolveConfig } from '#src/shared/config/resolve.js';
import { cli } from '../../support/cli-process.js';
import { realImages, writeImages } from '../../support/small-runs.js';

t.setTimeout(300_000);
const folder = t.testdir();
process.env['LOCKSTEP_CACHE'] = join(folder, 'cache');
const data = await writeImages(join(folder, 'data'), await realImages(151, 40));
const CONFIG = { model: 'mlp', data, epochs: 1, batchSize: 25, seed: 4 } as const;

t.test('folds train on the rest and validate on the fold, each sample once', async (t) => {
  const out = join(folder, 'folds');
  const results = await kfold({ config: CONFIG, folds: 3 }, { out });
  t.equal(results.runs.length, 3);
  const images = (await loadDataset({ data })).train;
  const seen = new Uint8Array(151);
  for (const [i, row] of results.runs.entries()) {
    const run = join(out, 'runs', row.run);
    const stored = JSON.parse(readFileSync(join(run, 'config.json'), 'utf8')) as object;
    t.match(stored, { folds: 3, fold: i + 1, splitSeed: 4, evaluateTest: false });
    const split = splitOf(images, resolveConfig(stored, { processors: 1, now: new Date(0), cwd: '/' }))!; // prettier-ignore
    for (const sample of split.validation) seen[sample]!++;
    t.equal(split.train.length + split.validation.length, 151);
    const rest = new Set(split.train);
    t.notOk(split.validation.some((sample) => rest.has(sample)));
    // An accuracy is a count over the fold: 50 or 51 images.
    const right = row.validationAccuracy! * split.validation.length;
    t.ok(Math.abs(right - Math.round(right)) < 1e-9, `${String(right)} images`);
    const epoch = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trimEnd().split('\n').at(-1)!;
    t.match(JSON.parse(epoch), { kind: 'epoch', samples: split.train.length });
  }
  t.ok(
    seen.every((times) => times === 1),
    'each sample is validated on exactly once',
  );

  const scores = results.runs.map(({ validationAccuracy }) => validationAccuracy!);
  const mean = (scores[0]! + scores[1]! + scores[2]!) / 3;
  t.ok(Math.abs(results.accuracy.mean! - mean) < 1e-12);
  const squares = scores.map((score) => (score - mean) * (score - mean));
  const variance = (squares[0]! + squares[1]! + squares[2]!) / 2;
  t.ok(Math.abs(results.accuracy.deviation! - Math.sqrt(variance)) < 1e-12);
  const best = results.runs.find(({ run }) => run === results.chosen)!;
  t.equal(best.validationAccuracy, Math.max(...scores));
  t.equal(results.test!.run, results.chosen);
  t.equal(results.test!.weightsDigest, best.weightsDigest);

  const alone = await train({ ...CONFIG, folds: 3, fold: 2, out: join(folder, 'alone') });
  t.equal(alone.weightsDigest, results.runs[1]!.weightsDigest, 'as train makes it');
});

t.test('the command tables folds, mean and deviation', async (t) => {
  const args = [
    '--data',
    data,
    '--model',
    'mlp',
    '--epochs',
    '1',
    '--batch-size',
    '25',
    '--seed',
    '4',
  ];
  const out = join(folder, 'folds');
  const { status, stdout, stderr } = await cli(
    ['kfold', ...args, '--folds', '3', '--out', out, '--quiet'],
    { cwd: folder },
  );
  t.equal(status, 0, stderr);
  t.match(stdout, /│ 1 +│ +1 │ +\d+\.\d\d %/);
  t.match(stdout, /│ mean +│/);
  t.match(stdout, /best fold fold-0[123]\n/);
  const wrong = await cli(['kfold', ...args, '--folds', '1', '--out', out]);
  t.equal(wrong.status, 2);
  t.match(wrong.stderr, /folds: expected an integer from 2 to 1000/);
});

t.test('its report has the folds, and every sample as the model of its fold says', async (t) => {
  const text = await reportRuns([join(folder, 'folds')], { threads: 1 });
  const page = text.replace(/\s+/g, ' ');
  t.match(page, /<td>151<\/td>/, 'of the whole training set');
  const { accuracy } = await kfold({ config: CONFIG, folds: 3 }, { out: join(folder, 'folds') });
  t.match(page, `${(accuracy.mean! * 100).toFixed(2)} %`);
  const right = [...page.matchAll(/class="hit"[^>]*> (\d+|·)/g)].map(([, n]) => Number(n === '·' ? 0 : n)); // prettier-ignore
  const sizes = [51, 50, 50];
  const { runs } = await kfold({ config: CONFIG, folds: 3 }, { out: join(folder, 'folds') });
  const known = runs.map((row, i) => Math.round(row.validationAccuracy! * sizes[i]!));
  t.equal(right.length, 10);
  t.equal(right.reduce((a, b) => a + b), known.reduce((a, b) => a + b)); // prettier-ignore
});

t.test('what a cross-validation decides itself is refused in its configuration', async (t) => {
  const out = join(folder, 'refused');
  const config = { ...CONFIG, fold: 1, threads: 2 };
  await t.rejects(kfold({ config, folds: 2 }, { out }), {
    code: 'CONFIG_INVALID',
    message: /threads: is for the study to decide.*\n *fold: is for the study to decide/,
  });
  await t.rejects(kfold({ config: { ...CONFIG, validation: 0.1 }, folds: 2 }, { out }), {
    message: /validation: each fold is validated on in its turn/,
  });
});

t.test('a scaling study has the same weights on any threads, and its arithmetic', async (t) => {
  const config = { model: 'mlp', data, seed: 4, validation: 0.2, learningRate: 0.003 } as const;
  const { rows, target } = await scale(
    { config, threads: [1, 2], batch: [30], epochs: [1, 3] },
    { out: join(folder, 'scale') },
  );
  t.same(
    rows.map(({ run, threads, epochs, bound }) => [run, threads, epochs, bound]),
    [
      ['b30-t1', 1, 1, 1],
      ['b30-t1', 1, 3, 1],
      // 30 samples in micro-batches of 16: two of them, one for each thread.
      ['b30-t2', 2, 1, 1],
      ['b30-t2', 2, 3, 1],
    ],
  );
  const [one, , two, last] = rows as [typeof rows[0], typeof rows[0], typeof rows[0], typeof rows[0]]; // prettier-ignore
  t.equal(one!.weightsDigest, two!.weightsDigest);
  t.equal(one!.validationAccuracy, two!.validationAccuracy);
  t.equal(target, last!.validationAccuracy, 'all runs end with the same accuracy here');
  t.ok(Math.abs(two!.speedUp - two!.samplesPerSecond / one!.samplesPerSecond) < 1e-12);
  t.ok(Math.abs(two!.efficiency - two!.speedUp / 2) < 1e-12);
  t.ok(Math.abs(one!.samplesPerSecond * one!.trainingSeconds - 121) < 1e-6, '151 less 30 samples');
  t.ok(last!.secondsToTarget !== null && last!.secondsToTarget <= last!.trainingSeconds);
  const shorter = await train({ ...config, batchSize: 30, epochs: 1, out: join(folder, 'short') });
  t.equal(one!.validationLoss, shorter.validationLoss, 'after one epoch of three as after one of one'); // prettier-ignore
});
