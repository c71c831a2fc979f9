import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadSavedModel } from '#src/coordinator/model/load-saved-model.js';
import { readCheckpoint } from '#src/coordinator/run-folder/checkpoint-format.js';
import { checkpointName } from '#src/coordinator/run-folder/checkpoint-store.js';
import { evaluateRun, predictRun, reportRuns, train, type RunSummary } from '#src/index.js';
import { readWeights, rowLayout } from '#src/shared/model/layout.js';
import {
  realImages,
  smallNet,
  stepsOf,
  stopAfter,
  untimedMetrics,
  type SmallRun,
} from '../support/small-runs.js';

// Whatever hangs on figures (the rate on a plateau, the end, the best weights), the average of the
// weights and the normalisation: the same for any number of threads, and after a stop at any step,
// in the middle of what is waited for.
t.setTimeout(300_000);

const data = await realImages(330, 70);
/** 4 steps an epoch: 270 samples to train on, 60 to validate. */
const base: SmallRun = {
  ...{ data, batchSize: 80, microBatch: 16, seed: 3, validation: 60, learningRate: 0.05 },
  ...{ epochs: 30, normalize: true, emaDecay: 0.8, emaWarmup: true },
};
const input = (): SmallRun => ({ ...base, model: smallNet() });

const CONTROLS: Readonly<Record<string, SmallRun>> = {
  'early stopping within a plateau, ending with the best': {
    ...{ learningRateSchedule: 'plateau', plateauPatience: 1, plateauFactor: 0.5 },
    ...{ plateauMinDelta: 0.05, plateauMonitor: 'loss', minLearningRate: 0.02 },
    ...{ earlyStoppingPatience: 3, monitor: 'validationAccuracy', restoreBest: true },
  },
  'early stopping, keeping the best beside the last': {
    ...{ earlyStoppingPatience: 2, earlyStoppingMinDelta: 0.05, keepBest: true },
  },
};

const isSame = (a: Float32Array, b: Float32Array): boolean =>
  a.length === b.length && a.every((value, i) => Object.is(value, b[i]));

/** All that is promised of a run. */
const bitsOf = ({ run, ...summary }: RunSummary): unknown => {
  const { weightsDigest, steps, stoppedEarly, best, weightsOf } = summary;
  const { trainLoss, validationLoss, testLoss, trainAccuracy } = summary;
  const figures = { trainLoss, validationLoss, testLoss, trainAccuracy };
  const metrics = untimedMetrics(run);
  return { weightsDigest, steps, stoppedEarly, best, weightsOf, figures, metrics };
};

for (const [title, controls] of Object.entries(CONTROLS)) {
  t.test(`${title}: the same bits on 1, 2 and 3 threads, stopped and resumed`, async (t) => {
    const folder = t.testdir();
    const runs: RunSummary[] = [];
    for (const threads of [1, 2, 3]) {
      const out = join(folder, String(threads));
      runs.push(await train({ ...input(), ...controls, threads, out }));
    }
    const [whole] = runs as [RunSummary, ...RunSummary[]];
    t.ok(whole.stoppedEarly && whole.steps < 120, `stopped early, after ${whole.steps} steps`);
    t.ok(whole.best!.step < whole.steps, 'the best came before the end');
    const rates = new Set(untimedMetrics(whole.run).map(({ learningRate }) => learningRate));
    t.equal(rates.size > 1, controls.learningRateSchedule === 'plateau', [...rates].join());

    // At the end of an epoch, within the one before the last, and after the first of all.
    for (const last of [whole.steps - 4, whole.steps - 6, 1]) {
      const out = join(folder, `stopped-${last}`);
      const part = { ...input(), ...controls, threads: 3, out, ...stopAfter(last) };
      await t.rejects(train(part), { code: 'RUN_INTERRUPTED' });
      t.ok(stepsOf(out).length < whole.steps);
      runs.push(await train({ model: smallNet(), data, resume: out, threads: 2 }));
    }
    for (const run of runs.slice(1)) t.strictSame(bitsOf(run), bitsOf(whole));

    const again = await train({ model: smallNet(), data, resume: whole.run, threads: 2 });
    t.strictSame(bitsOf(again), bitsOf(whole), 'gone on with, it stops where it stopped');
    const patient = { earlyStoppingPatience: 40, threads: 2 } as const;
    const longer = await train({ model: smallNet(), data, resume: whole.run, ...patient });
    const out = join(folder, 'patient');
    const apart = await train({ ...input(), ...controls, ...patient, out });
    t.equal(longer.steps, 120);
    t.strictSame(bitsOf(longer), bitsOf(apart), 'with more patience, as if it had had it before');
  });
}

t.test('the rate and the end are those that the figures ask for', async (t) => {
  const controls = CONTROLS['early stopping within a plateau, ending with the best']!;
  const out = join(t.testdir(), 'run');
  const { steps, best } = await train({ ...input(), ...controls, threads: 2, out });
  let rate = 0.05;
  let [least, highest, waited] = [Infinity, -Infinity, 0];
  for (const record of untimedMetrics(out)) {
    const { kind, learningRate, loss, validationAccuracy } = record as Record<string, number>;
    t.equal(learningRate, Math.fround(rate));
    if (String(kind) === 'step') continue;
    if (loss! < least - 0.05) least = loss!;
    else rate = Math.max(rate * 0.5, 0.02);
    waited = validationAccuracy! > highest ? 0 : waited + 1;
    highest = Math.max(highest, validationAccuracy!);
    t.equal(waited === 3, record['step'] === steps);
  }
  t.equal(best!.value, highest);
});

t.test('the average of the weights is what its definition says, step for step', async (t) => {
  const out = join(t.testdir(), 'run');
  await train({ ...input(), keepCheckpoints: 9, steps: 1, threads: 3, out });
  for (let steps = 2; steps <= 6; steps++) {
    await train({ model: smallNet(), data, resume: out, steps, threads: 1 + (steps % 2) });
  }
  const vectors = (step: number) => {
    const path = join(out, 'checkpoints', checkpointName(step));
    const { sections } = readCheckpoint(readFileSync(path), path);
    return ['weights', 'averagedWeights'].map(
      (name) => new Float32Array(new Uint8Array(sections.get(name)!).buffer),
    ) as [Float32Array, Float32Array];
  };
  let [, average] = vectors(1);
  for (let step = 2; step <= 6; step++) {
    const [weights, next] = vectors(step);
    const rate = Math.fround(1 - Math.min(0.8, (1 + step) / (10 + step)));
    const f = Math.fround;
    const expected = average.map((old, i) => f(old + f(rate * f(weights[i]! - old))));
    t.ok(isSame(next, expected), `after ${step} steps`);
    t.notOk(isSame(next, weights));
    average = next;
  }
  const [raw] = vectors(6);
  const saved = await loadSavedModel(join(out, 'model', 'model.json'));
  const layout = rowLayout(saved);
  t.ok(isSame(readWeights(saved, layout), average), 'the model that is saved has it');
  t.notOk(isSame(raw, average));
});

t.test('evaluate and predict take the weights that the run ends with, or others', async (t) => {
  const controls = CONTROLS['early stopping within a plateau, ending with the best']!;
  const out = join(t.testdir(), 'run');
  // A model that is known by its name can be used without its object.
  const summary = await train({ ...base, ...controls, model: 'mlp', threads: 2, out });
  t.equal(summary.weightsOf, 'best');
  const of = async (weights?: 'last' | 'best' | 'raw') => {
    const report = await evaluateRun(out, { sets: 'all', data, ...(weights && { weights }) });
    const { step, weightsOf, weightsDigest } = report;
    const losses = report.sets.map(({ loss }) => loss);
    return { step, weightsOf, weightsDigest, losses };
  };
  const usual = await of();
  const { trainLoss, validationLoss, testLoss, weightsDigest, best, steps } = summary;
  t.same(usual, {
    ...{ step: best!.step, weightsOf: 'best', weightsDigest },
    losses: [trainLoss, validationLoss, testLoss],
  });
  t.same(await of('best'), usual);
  const epochs = untimedMetrics(out).filter(({ kind }) => kind === 'epoch');
  const [bestEpoch] = epochs.filter(({ isBest }) => isBest).slice(-1);
  t.equal(bestEpoch!['step'], best!.step);
  t.equal(bestEpoch!['validationAccuracy'], best!.value);
  t.same(usual.losses.slice(1), [bestEpoch!['validationLoss'], bestEpoch!['testLoss']]);
  const last = await of('last');
  t.equal(last.step, steps);
  t.same(last.losses.slice(1), [epochs.at(-1)!['validationLoss'], epochs.at(-1)!['testLoss']]);
  const raw = await of('raw');
  t.equal(raw.step, steps);
  t.equal(new Set([usual, last, raw].map((each) => each.weightsDigest)).size, 3);
  const images = [{ kind: 'set', set: 'test', index: 0 }] as const;
  const [first] = await predictRun(out, images, { data });
  const [other] = await predictRun(out, images, { data, weights: 'raw' });
  t.not(first!.classes[0]!.probability, other!.classes[0]!.probability);

  const page = (await reportRuns([out], { data })).replaceAll(/\s+/g, ' ');
  const { epoch, value } = best!;
  t.ok(page.includes(`The best epoch by validationAccuracy is ${epoch} (${value.toFixed(4)})`));
  t.ok(page.includes(`Training stopped early, after ${steps / 4} epochs.`));
  t.equal(page.match(/>stopped early<\/text>/g)?.length, 2, 'marked in loss and accuracy');
  t.equal(page.match(/>best<\/text>/g)?.length, 2);

  const plain = join(t.testdir(), 'plain');
  await train({ ...base, model: 'mlp', emaDecay: null, emaWarmup: false, steps: 2, out: plain });
  const options = { sets: 'all', data, weights: 'best' } as const;
  await t.rejects(evaluateRun(plain, options), { code: 'RUN_WITHOUT_BEST' });
});

t.test('patience may grow when a run is resumed, and nothing else of its decisions', async (t) => {
  const out = join(t.testdir(), 'run');
  const controls = CONTROLS['early stopping, keeping the best beside the last']!;
  await train({ ...input(), ...controls, threads: 2, epochs: 1, out });
  const again = { model: smallNet(), data, resume: out, epochs: 2 };
  for (const change of [
    { earlyStoppingPatience: 1 },
    { earlyStoppingPatience: null },
    { keepBest: false },
    { monitor: 'loss' },
    { emaDecay: 0.9 },
    { normalize: false },
    { evaluateEvery: 2 },
  ] as const) {
    await t.rejects(train({ ...again, ...change }), { code: 'CONFIG_RESUME_DIFFERS' });
  }
});
