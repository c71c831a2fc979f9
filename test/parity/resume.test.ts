import { join } from 'node:path';
import t from 'tap';
import { train } from '#src/index.js';
import { realImages, smallNet, stepsOf, stopAfter, type SmallRun } from '../support/small-runs.js';

// A run that ended early and goes on, on another number of threads, ends with the bytes of one that
// was never interrupted: whatever the optimizer and the schedule keep is in the checkpoint, or
// follows from the step.
t.setTimeout(600_000);

const images = await realImages(330, 20);

/** 4 steps an epoch. */
const base = { data: images, batchSize: 90, microBatch: 30, evaluateEvery: 0 } as const;

const RULES: readonly SmallRun[] = [
  { optimizer: 'adam' },
  { optimizer: 'amsgrad', weightDecay: 0.01 },
  { optimizer: 'adamw', decoupledWeightDecay: 0.1 },
  { optimizer: 'sgd', momentum: 0.9, nesterov: true },
  { optimizer: 'rmsprop' },
  { optimizer: 'rmsprop', momentum: 0.9, centered: true },
  { optimizer: 'lars', momentum: 0.9 },
  { optimizer: 'lamb' },
];

for (const rule of RULES) {
  t.test(`A run with ${JSON.stringify(rule)} resumes to the same bits`, async (t) => {
    const folder = t.testdir();
    const input = (): SmallRun => ({ ...base, ...rule, model: smallNet() });
    const whole = await train({ ...input(), steps: 7, threads: 2, out: join(folder, 'whole') });
    const out = join(folder, 'parts');
    const part = await train({ ...input(), steps: 3, threads: 1, out });
    t.not(part.weightsDigest, whole.weightsDigest);
    const { model, data } = input();
    const resumed = await train({ model, data, resume: out, steps: 7, threads: 3 });
    t.equal(resumed.steps, 7);
    t.equal(resumed.weightsDigest, whole.weightsDigest);
  });
}

const SCHEDULES: readonly SmallRun[] = [
  { learningRateSchedule: 'step', decayEpochs: 0.5, decayRate: 0.5 },
  { learningRateSchedule: 'exponential', warmupEpochs: 0.5 },
  { learningRateSchedule: 'cosine', warmupEpochs: 1, scalingBatch: 30 },
  { learningRateSchedule: 'oneCycle' },
];

for (const schedule of SCHEDULES) {
  t.test(
    `A run with ${JSON.stringify(schedule)} stopped midway resumes to the same bits`,
    async (t) => {
      const folder = t.testdir();
      const steps = 40;
      const input = (): SmallRun => ({ ...base, model: smallNet(), steps, threads: 2 });
      const whole = await train({ ...input(), ...schedule, out: join(folder, 'whole') });
      const flat = await train({ ...input(), out: join(folder, 'flat') });
      t.not(flat.weightsDigest, whole.weightsDigest, 'the schedule reaches the weights');
      const out = join(folder, 'parts');
      const part = { ...input(), ...schedule, threads: 1, out, ...stopAfter(3) };
      await t.rejects(train(part), { code: 'RUN_INTERRUPTED' });
      const done = stepsOf(out).length;
      t.ok(done >= 3 && done < steps, `stopped after ${done}`);
      const resumed = await train({ model: smallNet(), data: images, resume: out, threads: 3 });
      t.equal(resumed.steps, steps);
      t.equal(resumed.weightsDigest, whole.weightsDigest);
    },
  );
}
