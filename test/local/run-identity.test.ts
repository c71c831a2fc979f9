import t from 'tap';
import { prepareRun, type RunInput } from '#src/local/prepare-run.js';
import { realImages } from '../support/small-runs.js';

const data = await realImages(40, 11);
const base = { model: 'mlp', data, batchSize: 20, engine: 'wasm' } as const;

const configurationOf = async (input: Partial<RunInput>): Promise<unknown> =>
  (await prepareRun({ ...base, ...input }, {})).identity['configuration'];

t.test('the end is part of the identity where the learning rate is bound to it', async (t) => {
  for (const learningRateSchedule of ['cosine', 'oneCycle'] as const) {
    const [short, long] = [
      await configurationOf({ learningRateSchedule, steps: 7 }),
      await configurationOf({ learningRateSchedule, steps: 8 }),
    ];
    t.not(short, long, learningRateSchedule);
  }
  const learningRateSchedule = 'exponential';
  t.equal(
    await configurationOf({ learningRateSchedule, steps: 7 }),
    await configurationOf({ learningRateSchedule, steps: 8 }),
    'elsewhere a run may go on for longer',
  );
});

t.test('optimizer, schedule, clipping and smoothing are part of the identity', async (t) => {
  const inputs: readonly Partial<RunInput>[] = [
    {},
    { optimizer: 'lamb' },
    { optimizer: 'lamb', decoupledWeightDecay: 0.1 },
    { optimizer: 'rmsprop', centered: true },
    { optimizer: 'sgd', momentum: 0.9, nesterov: true },
    { optimizer: 'lars', trustCoefficient: 0.01 },
    { warmupEpochs: 1 },
    { scalingBatch: 10 },
    { learningRateSchedule: 'step', decayEpochs: 2 },
    { learningRateSchedule: 'step', decayRate: 0.5 },
    { clipNorm: 1 },
    { clipValue: 1 },
    { labelSmoothing: 0.1 },
    { denseUnits: '256' },
    { hiddenLayers: 2 },
    { denseDropout: '0.3' },
    { activation: 'leakyRelu' },
    { activation: 'leakyRelu', leakySlope: 0.3 },
    { weightDecayDense: 0.1 },
    { weightDecayBias: 0.1 },
  ];
  const digests = new Set<unknown>();
  for (const input of inputs) digests.add(await configurationOf(input));
  t.equal(digests.size, inputs.length);
});

t.test('options make another model', async (t) => {
  const { layout } = await prepareRun({ ...base, denseUnits: '20', hiddenLayers: 1 }, {});
  t.equal(layout.trainableLength, 784 * 20 + 20 + 20 * 10 + 10);
});
