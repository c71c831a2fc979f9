import { join } from 'node:path';
import t from 'tap';
import { train, type RunSummary } from '#src/index.js';
import {
  realImages,
  smallNet,
  stopAfter,
  untimedMetrics,
  type SmallRun,
} from '../support/small-runs.js';

// With every augmentation on, the weights do not depend on who computes.
t.setTimeout(300_000);
const data = await realImages(330, 70);
const ALL: SmallRun = {
  ...{ augmentFlip: true, augmentShift: 0.1, augmentZoom: 0.15, augmentRotation: 15 },
  ...{ augmentShear: 0.2, augmentErasing: 0.5 },
};
const base: SmallRun = { data, epochs: 2, batchSize: 90, microBatch: 16, seed: 3, ...ALL };

async function bitsOf(summary: RunSummary): Promise<object> {
  const { weightsDigest, trainLoss, testLoss } = summary;
  return { weightsDigest, trainLoss, testLoss, metrics: untimedMetrics(summary.run) };
}

void t.test('1, 2 and 3 threads, micro-batches and teams', async (t) => {
  const folder = t.testdir();
  for (const microBatch of [16, 90]) {
    const runs: object[] = [];
    for (const threads of [1, 2, 3]) {
      const out = join(folder, `${String(microBatch)}-${String(threads)}`);
      runs.push(
        await bitsOf(await train({ ...base, microBatch, model: smallNet(), threads, out })),
      );
    }
    t.strictSame(runs[1], runs[0], 'two as one');
    t.strictSame(runs[2], runs[0], 'three as one');
  }
});

void t.test('stopped in the middle of an epoch, and resumed', async (t) => {
  const folder = t.testdir();
  const whole = await train({ ...base, model: smallNet(), threads: 2, out: join(folder, 'whole') });
  const out = join(folder, 'parts');
  const part = { ...base, model: smallNet(), threads: 1, out, ...stopAfter(2) };
  await t.rejects(train(part), { code: 'RUN_INTERRUPTED' });
  const resumed = await train({ model: smallNet(), data, resume: out, threads: 3 });
  t.strictSame(await bitsOf(resumed), await bitsOf(whole));
});

void t.test('every setting decides the weights', async (t) => {
  const folder = t.testdir();
  const settings: SmallRun[] = [
    {},
    { augmentFlip: true },
    { augmentShift: 0.1 },
    { augmentZoom: 0.1 },
    { augmentRotation: 10 },
    { augmentShear: 0.1 },
    { augmentErasing: 0.5 },
    { augmentErasing: 0.5, erasingMinArea: 0.1 },
    { augmentErasing: 0.5, erasingMaxArea: 0.1 },
    { augmentErasing: 0.5, erasingMinAspect: 0.9 },
  ];
  const digests = new Set<string>();
  for (const [i, setting] of settings.entries()) {
    const input = { data, steps: 3, batchSize: 90, threads: 1, ...setting };
    const out = join(folder, String(i));
    digests.add((await train({ ...input, model: smallNet(), out })).weightsDigest);
  }
  t.equal(digests.size, settings.length);
});

void t.test('evaluations see the images as they are', async (t) => {
  const folder = t.testdir();
  // Steps so small that losses are those of the initial weights.
  const still = { ...base, optimizer: 'sgd', learningRate: 1e-30, steps: 3 } as const;
  const out = (name: string): string => join(folder, name);
  const changed = await train({ ...still, model: 'mlp', out: out('changed') });
  const plain = await train({
    ...{ ...still, augmentFlip: false, augmentShift: 0, augmentZoom: 0, augmentRotation: 0 },
    ...{ augmentShear: 0, augmentErasing: 0, model: 'mlp', out: out('plain') },
  });
  t.equal(changed.trainLoss, plain.trainLoss);
  t.equal(changed.testLoss, plain.testLoss);
  const [first, second] = [changed, plain].map(({ run }) => untimedMetrics(run)[0]!['loss']);
  t.not(first, second, 'the steps saw changed ones');
});
