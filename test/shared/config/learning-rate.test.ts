import t from 'tap';
import { learningRateScheduleOf } from '#src/shared/config/learning-rate.js';
import { resolveConfig } from '#src/shared/config/resolve.js';
import type { ConfigInput } from '#src/shared/config/schema.js';
import { floatOfBits } from '#src/shared/numerics/float-bits.js';
import { runSchedule } from '#src/shared/protocol/run-schedule.js';

const resolve = (input: ConfigInput) =>
  resolveConfig(input, { processors: 1, now: new Date(0), cwd: '/' });

t.test('epochs become steps', async (t) => {
  const config = resolve({
    ...{ epochs: 5, learningRateSchedule: 'step', learningRate: 0.5, decayRate: 0.1 },
    ...{ decayEpochs: 1.5, warmupEpochs: 0.25 },
  });
  t.strictSame(learningRateScheduleOf(config, 10), {
    kind: 'step',
    peak: 0.5,
    warmupSteps: 3,
    warmupFrom: 0,
    totalSteps: 50,
    decaySteps: 15,
    decayRate: 0.1,
    floor: 0,
    plateauFactor: 0.1,
  });
  t.equal(learningRateScheduleOf(resolve({ decayEpochs: 1 }), 0.1).decaySteps, 1, 'at least one');
});

t.test('the rate grows with the batch, and warm-up starts from it unscaled', async (t) => {
  const scaled = (batchSize: number, scalingBatch: number) =>
    learningRateScheduleOf(resolve({ learningRate: 0.1, batchSize, scalingBatch }), 10);
  t.match(scaled(1024, 128), { peak: 0.8, warmupFrom: 0.1 });
  t.match(scaled(64, 128), { peak: 0.05, warmupFrom: 0 });
});

t.test('a run steps at the rates of its schedule', async (t) => {
  const config = resolve({
    ...{ steps: 6, batchSize: 4, microBatch: 4, learningRate: 0.5, warmupEpochs: 1 },
    ...{ learningRateSchedule: 'step', decayEpochs: 1, decayRate: 0.5 },
  });
  const set = {
    ...{ count: 8, labels: new Uint16Array(8), pixels: new Uint8Array(8), classes: ['a'] },
    shape: { height: 1, width: 1, channels: 1 },
  };
  const schedule = runSchedule(config, { train: set, validation: null, test: set });
  const rates = [0, 1, 2, 3, 4, 5].map((step) =>
    floatOfBits(schedule.learningRateBits(step, null)),
  );
  t.same(rates, [0.25, 0.5, 0.5, 0.5, 0.25, 0.25]);
});
