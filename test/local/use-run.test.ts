import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { evaluateRun, LockstepError, planRun, predictRun, train } from '#src/index.js';
import { realImages, smallNet, writeImages } from '../support/small-runs.js';

t.setTimeout(240_000);
const folder = t.testdir();
process.env['LOCKSTEP_CACHE'] ??= join(process.cwd(), '.cache');
const arrays = await realImages(300, 80);
const data = await writeImages(join(folder, 'data'), arrays);
const run = join(folder, 'run');
const SETTINGS = { epochs: 2, batchSize: 64, microBatch: 16, threads: 2, seed: 3 };
const summary = await train({ ...SETTINGS, model: smallNet(), data, out: run });

/** Predicts test images with a saved model in a program that knows only TensorFlow.js. */
const PLAIN_PROGRAM = `
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
const [folder, pixels] = process.argv.slice(2);
const json = JSON.parse(readFileSync(folder + '/model.json', 'utf8'));
const bytes = readFileSync(folder + '/weights.bin');
const model = await tf.loadLayersModel(tf.io.fromMemory({
  modelTopology: json.modelTopology,
  weightSpecs: json.weightsManifest[0].weights,
  weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
}));
const images = tf.tensor(Float32Array.from(readFileSync(pixels)), [5, 28, 28, 1]).div(255);
console.log(JSON.stringify(model.predict(images).arraySync()));
`;

void t.test('evaluateRun gives the figures of the summary again, to the bit', async (t) => {
  const report = await evaluateRun(run, { sets: ['train', 'test'], threads: 3 });
  t.equal(report.weightsDigest, summary.weightsDigest);
  t.equal(report.step, summary.steps);
  t.strictSame(
    report.sets.map(({ set, samples, loss, accuracy }) => [set, samples, loss, accuracy]),
    [
      ['train', 300, summary.trainLoss, summary.trainAccuracy],
      ['test', 80, summary.testLoss, summary.testAccuracy],
    ],
  );
});

void t.test('its scores are those of the predictions, image by image', async (t) => {
  const [test] = (await evaluateRun(run, { sets: ['test'] })).sets;
  const images = Array.from({ length: 80 }, (_, index) => ({ kind: 'set', set: 'test', index }) as const); // prettier-ignore
  const said = await predictRun(run, images, {});
  const counts = test!.confusion.map((row) => row.map(() => 0));
  for (const { label, classes } of said) counts[Number(label)]![Number(classes[0]!.name)]! += 1;
  t.same(test!.confusion, counts);
  t.equal(test!.averages.micro.f1, summary.testAccuracy);
  t.equal(
    test!.calibration.bins.reduce((sum, { count }) => sum + count, 0),
    80,
  );
});

void t.test('robustness evaluates the same images changed, to the same bits again', async (t) => {
  const options = { sets: ['test'], robustness: true } as const;
  const [one, three] = [
    await evaluateRun(run, { ...options, threads: 1 }),
    await evaluateRun(run, { ...options, threads: 3 }),
  ];
  t.same(one.robustness, three.robustness);
  const names = one.robustness!.map(({ variant }) => variant);
  t.same(names, ['as they are', 'white background', 'inverted', 'smaller', 'larger', 'shifted', 'noisy']); // prettier-ignore
  t.equal(one.robustness![0]!.loss, summary.testLoss);
  t.equal(new Set(one.robustness!.map(({ loss }) => loss)).size, 7, 'each change counts');
  const { robustness } = await evaluateRun(run, { sets: ['test'] });
  t.equal(robustness, null);
});

void t.test('the saved model predicts the same in a plain TensorFlow.js program', async (t) => {
  const pixels = join(folder, 'pixels');
  await writeFile(pixels, arrays.test.images.subarray(0, 5 * 784));
  const program = join(process.cwd(), 'build', `plain-${String(process.pid)}.mjs`);
  await writeFile(program, PLAIN_PROGRAM);
  t.teardown(() => rm(program, { force: true }));
  const env = { ...process.env, NODE_OPTIONS: '' };
  const args = [program, join(run, 'model'), pixels];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  const plain = JSON.parse(stdout.slice(stdout.indexOf('[['))) as number[][];
  const images = [0, 1, 2, 3, 4].map((index) => ({ kind: 'set', set: 'test', index }) as const);
  const ours = await predictRun(run, images, {});
  for (const [i, { classes, label }] of ours.entries()) {
    t.equal(label, arrays.classes instanceof Array ? String(arrays.test.labels[i]) : null);
    for (const { name, probability } of classes) {
      t.ok(Math.abs(probability - plain[i]![Number(name)]!) < 1e-5, `image ${i}, class ${name}`);
    }
  }
});

void t.test('planRun says what train would do, and writes nothing', async (t) => {
  const out = join(folder, 'never');
  const report = await planRun({ ...SETTINGS, model: smallNet(), data, out });
  t.match(report, { steps: 10, stepsPerEpoch: 5, trainSamples: 300, testSamples: 80, threads: 2 });
  t.equal(report.parameters, summary.parameters);
  t.ok(report.stepSeconds !== null && report.stepSeconds > 0);
  t.notOk(existsSync(out));
});

void t.test('a run on arrays asks for the arrays again, and takes them', async (t) => {
  const out = join(folder, 'arrays');
  const first = await train({ ...SETTINGS, epochs: 1, model: 'mlp', data: arrays, out });
  const config = JSON.parse(await readFile(join(out, 'config.json'), 'utf8')) as { data: string };
  t.equal(config.data, '(arrays)');
  await t.rejects(evaluateRun(out, { sets: ['test'] }), { code: 'RUN_OBJECTS_MISSING' });
  const report = await evaluateRun(out, { sets: ['test'], data: arrays });
  t.equal(report.sets[0]?.loss, first.testLoss);
});

void t.test('pixels that are not bytes are refused, not rounded', async (t) => {
  const images = Float32Array.from(arrays.train.images, (byte) => byte / 255);
  const wrong = {
    ...arrays,
    train: { images: images as unknown as Uint8Array, labels: arrays.train.labels },
  };
  await t.rejects(train({ ...SETTINGS, model: 'mlp', data: wrong, out: join(folder, 'no') }), {
    code: 'DATA_ARRAYS_INVALID',
    message: /Float32Array; expected a Uint8Array/,
  });
});

void t.test('a resume that is refused leaves the run as it was', async (t) => {
  const before = await readFile(join(run, 'config.json'), 'utf8');
  const other = await writeImages(join(folder, 'other'), await realImages(310, 80));
  await t.rejects(train({ resume: run, model: smallNet(), data: other, threads: 1, epochs: 4 }), {
    code: 'RUN_IDENTITY_DIFFERS',
    message: /data set/,
  });
  await t.rejects(train({ resume: run, model: smallNet(), data, steps: 4 }), {
    code: 'CONFIG_RESUME_DIFFERS',
    message: /has done 10 steps/,
  });
  t.equal(await readFile(join(run, 'config.json'), 'utf8'), before);
  t.ok(existsSync(join(run, 'summary.json')));
});

void t.test('a run whose checkpoint cannot be written ends, and its threads with it', async (t) => {
  const out = join(folder, 'broken');
  const began = performance.now();
  const observer = {
    notice: () => undefined,
    started: () => undefined,
    epoch: () => undefined,
    finished: () => undefined,
    step: ({ step }: { step: number }) => {
      if (step === 2) void rm(join(out, 'checkpoints'), { recursive: true, force: true });
    },
  };
  const failing = train({ ...SETTINGS, model: 'mlp', data, out, observer, stallSeconds: 2 });
  const error: unknown = await failing.catch((cause: unknown) => cause);
  t.ok(error instanceof LockstepError, String(error));
  t.match((error as LockstepError).code, /^RUN_FOLDER_/);
  t.ok(performance.now() - began < 30_000, 'in bounded time');
});

void t.test(
  'a longer run goes on from a finished one to the bits of an undisturbed one',
  async (t) => {
    const whole = await train({
      ...SETTINGS,
      epochs: 3,
      model: smallNet(),
      data,
      out: join(folder, 'whole'),
    });
    const grown = await train({ resume: run, model: smallNet(), data, threads: 3, epochs: 3 });
    t.equal(grown.weightsDigest, whole.weightsDigest);
    t.equal(grown.testLoss, whole.testLoss);
  },
);
