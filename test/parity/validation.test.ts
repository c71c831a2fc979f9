import { join } from 'node:path';
import t from 'tap';
import { evaluateRun, train, type ArrayData, type RunSummary } from '#src/index.js';
import { splitSamples } from '#src/shared/data/split.js';
import { realImages, smallNet, untimedMetrics, type SmallRun } from '../support/small-runs.js';

// A validation set is kept from training, evaluated beside the test set, and the same whoever
// computes.
t.setTimeout(300_000);
const data = await realImages(330, 70);
const base: SmallRun = { data, epochs: 2, batchSize: 90, microBatch: 16, seed: 3, validation: 0.2 };

/** These images of the training set as a program's own arrays. */
function picked({ train }: ArrayData, samples: Uint32Array): ArrayData['train'] {
  const images = [...samples].map((sample) => train.images.slice(sample * 784, (sample + 1) * 784));
  return {
    images: Uint8Array.from(images.flatMap((image) => [...image])),
    labels: [...samples].map((sample) => train.labels[sample]!),
  };
}

void t.test('it is as if the sets had come apart, and costs training no bit', async (t) => {
  const folder = t.testdir();
  const whole = await train({ ...base, model: smallNet(), threads: 2, out: join(folder, 'whole') });
  const labels = Uint16Array.from(data.train.labels);
  const split = splitSamples(labels, 10, {
    validation: 0.2,
    validationSplit: 'stratified',
    seed: 3,
  });
  t.same([split.train.length, split.validation.length], [264, 66]);
  const apart = await train({
    ...{ ...base, model: smallNet(), threads: 1, out: join(folder, 'apart'), validation: 0 },
    data: { ...data, train: picked(data, split.train), test: picked(data, split.validation) },
  });
  t.equal(whole.weightsDigest, apart.weightsDigest);
  t.equal(whole.samplesSeen, 2 * 264);
  t.equal(whole.validationLoss, apart.testLoss);
  t.equal(whole.validationAccuracy, apart.testAccuracy);
  t.equal(whole.trainLoss, apart.trainLoss);
  const epochs = (run: RunSummary) =>
    untimedMetrics(run.run).filter(({ kind }) => kind === 'epoch');
  t.same(
    epochs(whole).map(({ validationLoss, validationAccuracy }) => [
      validationLoss,
      validationAccuracy,
    ]),
    epochs(apart).map(({ testLoss, testAccuracy }) => [testLoss, testAccuracy]),
    'each epoch',
  );
});

void t.test('the number of threads changes no bit, nor does a resumption', async (t) => {
  const folder = t.testdir();
  const runs: RunSummary[] = [];
  for (const threads of [1, 2, 3]) {
    const out = join(folder, String(threads));
    runs.push(await train({ ...base, model: smallNet(), threads, out }));
  }
  const out = join(folder, 'parts');
  await train({ ...base, epochs: 1, model: smallNet(), threads: 3, out });
  runs.push(await train({ model: smallNet(), data, resume: out, epochs: 2, threads: 2 }));
  const bits = runs.map(({ weightsDigest, validationLoss, testLoss, trainAccuracy }) =>
    [weightsDigest, validationLoss, testLoss, trainAccuracy].join(),
  );
  t.equal(new Set(bits).size, 1, bits.join('\n'));
});

void t.test('which samples are put aside decides the run, and its identity', async (t) => {
  const out = join(t.testdir(), 'run');
  await train({ ...base, model: smallNet(), threads: 1, epochs: 1, out });
  const again = { model: smallNet(), data, resume: out, epochs: 2 };
  await t.rejects(train({ ...again, validation: 0.1 }), { code: 'CONFIG_RESUME_DIFFERS' });
  await t.rejects(train({ ...again, validationSplit: 'plain' }), { code: 'CONFIG_RESUME_DIFFERS' });
});

void t.test('evaluateRun takes the samples that the run kept back', async (t) => {
  const out = join(t.testdir(), 'run');
  const summary = await train({ ...base, model: 'mlp', threads: 2, out });
  const report = await evaluateRun(out, { sets: 'all', data });
  t.same(
    report.sets.map(({ set, samples, loss }) => [set, samples, loss]),
    [
      ['train', 264, summary.trainLoss],
      ['validation', 66, summary.validationLoss],
      ['test', 70, summary.testLoss],
    ],
  );
  const plain = join(t.testdir(), 'plain');
  await train({ ...base, model: 'mlp', threads: 2, steps: 1, validation: 0, out: plain });
  await t.rejects(evaluateRun(plain, { sets: ['validation'], data }), {
    code: 'RUN_WITHOUT_VALIDATION',
  });
});

void t.test('a wish that leaves nothing to train on is refused', async (t) => {
  const out = join(t.testdir(), 'run');
  for (const validation of [330, 0.999]) {
    const run = train({ ...base, model: 'mlp', validation, out });
    await t.rejects(run, { code: 'DATA_SPLIT_TOO_LARGE' });
  }
  await t.rejects(train({ ...base, validation: 20.5, out }), { code: 'CONFIG_INVALID' });
});
