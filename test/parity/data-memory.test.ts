import { join } from 'node:path';
import t from 'tap';
import { train, type RunSummary } from '#src/index.js';
import { realImages, smallNet, stopAfter, untimedMetrics, writeImages, type SmallRun } from '../support/small-runs.js'; // prettier-ignore

// Images that stay in a file give the bits of those in memory, whatever is done to them.
t.setTimeout(300_000);
const folder = t.testdir();
const data = await writeImages(join(folder, 'data'), await realImages(330, 70));
const someArrays = await realImages(20, 20);
process.env['LOCKSTEP_CACHE'] = join(folder, 'cache');
const base: SmallRun = { data, epochs: 2, batchSize: 90, microBatch: 16, seed: 3 };
/** Room for eight micro-batches of 16 images, of the 400 images. */
const DATA_MEMORY = 8 * 16 * 784;
let runs = 0;

async function bitsOf(input: SmallRun): Promise<object> {
  const out = join(folder, `run-${String(++runs)}`);
  const notices: string[] = [];
  const observer = { ...stopAfter(-1).observer, notice: (text: string) => void notices.push(text) };
  const summary = await train({ ...base, model: smallNet(), out, ...input, observer });
  const told = notices.find((text) => text.startsWith('Images read from the disk'));
  if (input.dataMemory === undefined) t.equal(told, undefined);
  else checkAccount(told!, input.dataMemory!);
  return bits(summary);
}

function bits(summary: RunSummary): object {
  const { weightsDigest, trainLoss, testLoss, validationLoss } = summary;
  const metrics = untimedMetrics(summary.run);
  return { weightsDigest, trainLoss, testLoss, validationLoss, metrics };
}

function checkAccount(told: string, dataMemory: number): void {
  const [bytes, all, ahead] = told
    .match(/\d[\d,]*/g)!
    .map((text) => Number(text.replaceAll(',', '')));
  t.ok(bytes! <= dataMemory, `${String(bytes)} of ${String(dataMemory)} bytes`);
  // Steps of a millisecond leave little time: how much is shown in test/worker/samples.
  t.ok(ahead! > 0 && ahead! <= all!, told);
}

const CHANGED: SmallRun = {
  ...{ validation: 0.2, normalize: true, classNoise: 0.1, attributeNoise: 0.1 },
  ...{ augmentFlip: true, augmentShift: 0.1, augmentRotation: 15, augmentErasing: 0.5 },
  ...{ restoreBest: true, emaDecay: 0.9 },
};

/** The run that the others are compared with; it finds what the cache holds decoded already. */
const inMemory = await bitsOf({ threads: 2 });

void t.test('one and three threads, plain', async (t) => {
  t.strictSame(await bitsOf({ threads: 3, dataMemory: DATA_MEMORY }), inMemory);
  t.strictSame(await bitsOf({ threads: 1, dataMemory: 3 * 16 * 784 }), inMemory, 'with the least');
});

void t.test('a validation set, noise, normalisation and augmentation', async (t) => {
  const inMemory = await bitsOf({ ...CHANGED, threads: 2 });
  t.strictSame(await bitsOf({ ...CHANGED, threads: 2, dataMemory: DATA_MEMORY }), inMemory);
});

void t.test('stopped, and resumed with and without', async (t) => {
  const out = join(folder, 'parts');
  const part = { ...base, model: smallNet(), threads: 1, dataMemory: DATA_MEMORY, out };
  await t.rejects(train({ ...part, ...stopAfter(2) }), { code: 'RUN_INTERRUPTED' });
  const resumed = await train({ model: smallNet(), resume: out, threads: 2, dataMemory: null });
  t.strictSame(bits(resumed), inMemory);
});

void t.test('what cannot be is refused, and what fits is in memory', async (t) => {
  const input = { ...base, model: smallNet(), threads: 2 };
  await t.rejects(train({ ...input, dataMemory: 3 * 16 * 784, out: join(folder, 'small') }), {
    code: 'CONFIG_INVALID',
    hint: /at least 62720 bytes/,
  });
  const arrays = { ...input, data: someArrays, dataMemory: 1e6 };
  await t.rejects(train({ ...arrays, out: join(folder, 'arrays') }), {
    code: 'CONFIG_INVALID',
    message: /dataMemory: needs data in files/,
  });
  const notices: string[] = [];
  const observer = { ...stopAfter(-1).observer, notice: (text: string) => void notices.push(text) };
  await train({ ...input, dataMemory: 1e6, steps: 1, out: join(folder, 'fits'), observer });
  t.notMatch(notices.join('\n'), /Images/);
});
