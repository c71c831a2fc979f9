import { join } from 'node:path';
import t from 'tap';
import { tf, train, type ArrayData, type RunSummary } from '#src/index.js';
import { medley } from '../golden/models.js';
import {
  realImages,
  smallNet,
  stepsOf,
  untimedMetrics,
  type SmallRun,
} from '../support/small-runs.js';

// The same configuration and seed, whatever number of threads computes: the same bytes of weights,
// the same losses and accuracies, line by line.
t.setTimeout(600_000);

const images = await realImages(330, 70);
const few = await realImages(40, 11);

/** What must not depend on the number of threads. */
function bits(summary: RunSummary): object {
  const { weightsDigest, steps, samplesSeen, epochs } = summary;
  const { trainLoss, trainAccuracy, testLoss, testAccuracy } = summary;
  const metrics = untimedMetrics(summary.run);
  return {
    ...{ weightsDigest, steps, samplesSeen, epochs },
    ...{ trainLoss, trainAccuracy, testLoss, testAccuracy, metrics },
  };
}

interface Case {
  readonly title: string;
  readonly threads?: readonly number[];
  readonly samplesSeen: number;
  /** Made anew for each run: a model object belongs to its caller. */
  input(): SmallRun;
}

const tinyNet = () =>
  tf.sequential({
    layers: [
      tf.layers.averagePooling2d({ inputShape: [28, 28, 1], poolSize: 7, strides: 7 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 7, activation: 'tanh' }),
      tf.layers.batchNormalization(),
      tf.layers.dropout({ rate: 0.2 }),
      tf.layers.dense({ units: 10, activation: 'softmax' }),
    ],
  });

const medleyOf28 = () => medley({ height: 28, width: 28, channels: 1 }, 10);

const firstOf = (data: ArrayData, count: number): ArrayData => ({
  ...data,
  train: {
    images: data.train.images.slice(0, count * 784),
    labels: Array.from(data.train.labels).slice(0, count),
  },
});

const CASES: readonly Case[] = [
  {
    title: 'batch norm and dropout, Adam, 7 micro-batches a step and 2 in the short last one',
    samplesSeen: 990,
    input: () => ({
      model: smallNet(),
      data: images,
      ...{ epochs: 3, batchSize: 100, microBatch: 16, seed: 3, learningRate: 0.01 },
    }),
  },
  {
    title: 'AMSGrad with weight decay, 3 micro-batches a step: fewer than threads',
    samplesSeen: 660,
    input: () => ({
      model: smallNet(),
      data: images,
      optimizer: 'amsgrad',
      weightDecay: 0.001,
      ...{ epochs: 2, batchSize: 100, microBatch: 40, seed: 1, learningRate: 0.01 },
    }),
  },
  {
    title: 'SGD with momentum, 15 micro-batches a step, ended in the middle of an epoch',
    samplesSeen: 330 + 200,
    input: () => ({
      model: smallNet(),
      data: images,
      optimizer: 'sgd',
      momentum: 0.9,
      ...{ steps: 6, batchSize: 100, microBatch: 7, seed: 2, learningRate: 0.05 },
    }),
  },
  ...(
    [
      { optimizer: 'sgd', momentum: 0.9, nesterov: true, learningRate: 0.05 },
      { optimizer: 'rmsprop', momentum: 0.5, centered: true, learningRate: 0.003 },
      { optimizer: 'adamw', decoupledWeightDecay: 0.1, learningRate: 0.01 },
      { optimizer: 'lars', momentum: 0.9, weightDecay: 0.001, learningRate: 5 },
      { optimizer: 'lamb', learningRate: 0.01 },
      { optimizer: 'adam', clipNorm: 0.01 },
      { optimizer: 'adam', labelSmoothing: 0.1 },
      { optimizer: 'adam', weightDecay: 0.01, weightDecayBias: 0 },
      { optimizer: 'lars', clipNorm: 0.1, learningRate: 5 },
      { optimizer: 'lamb', clipValue: 0.001, learningRate: 0.01 },
    ] as const
  ).map((rule): Case => ({
    title: `mlp, ${JSON.stringify(rule)}`,
    threads: [1, 3],
    samplesSeen: 330,
    input: () => ({ model: 'mlp', data: images, ...rule, ...{ epochs: 1, batchSize: 60 } }),
  })),
  {
    title: 'mlp, micro-batches of one sample, a last step of one',
    samplesSeen: 2 * 27,
    input: () => ({
      model: 'mlp',
      data: firstOf(images, 27),
      ...{ epochs: 2, batchSize: 13, microBatch: 1 },
    }),
  },
  {
    title: 'mlp',
    threads: [1, 2, 4],
    samplesSeen: 660,
    input: () => ({
      model: 'mlp',
      data: images,
      ...{ epochs: 2, batchSize: 96, microBatch: 24, evaluateEvery: 2 },
    }),
  },
  {
    title: 'cnn2bn',
    threads: [1, 3],
    samplesSeen: 80,
    input: () => ({ model: 'cnn2bn', data: few, ...{ epochs: 2, batchSize: 24, microBatch: 5 } }),
  },
  {
    title: 'lenet5',
    threads: [1, 3],
    samplesSeen: 80,
    input: () => ({ model: 'lenet5', data: few, ...{ epochs: 2, batchSize: 32, microBatch: 6 } }),
  },
  ...(['cnn2', 'cnn4', 'resnet'] as const).map((model): Case => ({
    title: model,
    threads: [1, 3],
    samplesSeen: 40,
    input: () => ({ model, data: few, ...{ epochs: 1, batchSize: 24, microBatch: 6 } }),
  })),
  // One micro-batch a step: all threads but one would have nothing to do by themselves.
  ...(['lenet5', 'hybrid', 'cnn2bn'] as const).map((model): Case => ({
    title: `${model}, teams of up to five threads`,
    threads: [1, 2, 3, 5],
    samplesSeen: 40,
    input: () => ({ model, data: few, ...{ epochs: 1, batchSize: 23, microBatch: 23 } }),
  })),
  {
    title: 'all kinds of layers, teams with fewer samples than threads',
    threads: [1, 2, 3, 5, 7],
    samplesSeen: 2 * 40,
    input: () => ({
      model: medleyOf28(),
      data: few,
      ...{ epochs: 2, batchSize: 4, microBatch: 4 },
    }),
  },
  {
    title: 'the reference engine',
    threads: [1, 2, 3],
    samplesSeen: 80,
    input: () => ({
      model: tinyNet(),
      data: few,
      engine: 'reference',
      ...{ epochs: 2, batchSize: 16, microBatch: 3 },
    }),
  },
];

for (const { title, threads = [1, 2, 3, 4, 7], samplesSeen, input } of CASES) {
  t.test(`The number of threads changes no bit: ${title}`, async (t) => {
    const folder = t.testdir();
    const [first = 1, ...others] = threads;
    const alone = await train({ ...input(), threads: first, out: join(folder, String(first)) });
    const expected = bits(alone);
    t.equal(alone.samplesSeen, samplesSeen, 'no sample of a short last batch is dropped');
    t.same(stepsOf(alone.run), counted(alone.steps), 'every step once, in order');
    const perStep = untimedMetrics(alone.run).filter(({ kind }) => kind === 'step');
    const recorded = perStep.reduce((sum, { samples }) => sum + Number(samples), 0);
    t.equal(recorded, samplesSeen, 'the metrics count each sample');
    for (const count of others) {
      const summary = await train({ ...input(), threads: count, out: join(folder, String(count)) });
      t.equal(summary.threads, count);
      t.strictSame(bits(summary), expected, `${String(count)} threads as ${String(first)}`);
    }
  });
}

t.test('The digest depends on seed, batch size, micro-batch size and data', async (t) => {
  const folder = t.testdir();
  const base: SmallRun = { data: images, steps: 4, batchSize: 100, microBatch: 16, threads: 2 };
  const other = { ...images, train: { ...images.train, images: images.train.images.slice() } };
  other.train.images[3 * 784 + 400]! ^= 128;
  const inputs: readonly SmallRun[] = [
    base,
    { ...base, seed: 1 },
    { ...base, batchSize: 99 },
    { ...base, microBatch: 17 },
    { ...base, data: other },
    { ...base, learningRate: 0.0011 },
  ];
  const digests = new Set<string>();
  for (const [i, input] of inputs.entries()) {
    const summary = await train({ ...input, model: smallNet(), out: join(folder, String(i)) });
    digests.add(summary.weightsDigest);
  }
  t.equal(digests.size, inputs.length);
});

t.test('The digest depends on every setting of the optimizer', async (t) => {
  const folder = t.testdir();
  const families: readonly (readonly SmallRun[])[] = [
    [
      { optimizer: 'adam' },
      { optimizer: 'adam', labelSmoothing: 0.1 },
      { optimizer: 'adam', weightDecay: 0.01, weightDecayBias: 0 },
      { optimizer: 'amsgrad' },
      { optimizer: 'adamw' },
      { optimizer: 'adamw', decoupledWeightDecay: 0.02 },
      { optimizer: 'lamb' },
      { optimizer: 'lamb', decoupledWeightDecay: 0.02 },
      { optimizer: 'lamb', epsilon: 1e-3 },
      { optimizer: 'lamb', beta1: 0.8 },
    ],
    [
      { optimizer: 'sgd', momentum: 0.5 },
      { optimizer: 'sgd', momentum: 0.5, clipNorm: 0.1 },
      { optimizer: 'sgd', momentum: 0.5, clipValue: 0.01 },
      { optimizer: 'sgd', momentum: 0.5, nesterov: true },
      { optimizer: 'lars', momentum: 0.5 },
      { optimizer: 'lars' },
      { optimizer: 'lars', trustCoefficient: 0.002 },
      { optimizer: 'lars', weightDecay: 0.1 },
    ],
    [
      { optimizer: 'rmsprop' },
      { optimizer: 'rmsprop', rho: 0.8 },
      { optimizer: 'rmsprop', momentum: 0.5 },
      { optimizer: 'rmsprop', centered: true },
      { optimizer: 'rmsprop', epsilon: 1e-3 },
      { optimizer: 'rmsprop', weightDecay: 0.1 },
    ],
  ];
  const digests = new Set<string>();
  for (const [i, rule] of families.flat().entries()) {
    const input = { ...rule, data: images, steps: 4, batchSize: 100, threads: 1 };
    const out = join(folder, String(i));
    const { weightsDigest } = await train({ ...input, model: smallNet(), out });
    digests.add(weightsDigest);
  }
  t.equal(digests.size, families.flat().length);
});

const counted = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
