import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import t from 'tap';
import {
  ERROR_CODES,
  listEngines,
  LockstepError,
  tf,
  train,
  type RunObserver,
} from '#src/index.js';
import { realImages, smallNet, stepsOf } from '../support/small-runs.js';

t.setTimeout(240_000);
const folder = t.testdir();
const data = await realImages(120, 40);
const SETTINGS = { batchSize: 50, microBatch: 25, threads: 2, data };

t.test(
  "trains a program's own model, sequential or functional, and leaves it as it was",
  async (t) => {
    const input = tf.input({ shape: [28, 28, 1] });
    const flat = tf.layers.flatten().apply(input) as SymbolicTensor;
    const left = tf.layers.dense({ units: 6, activation: 'relu' }).apply(flat) as SymbolicTensor;
    const right = tf.layers.dense({ units: 5, activation: 'tanh' }).apply(flat) as SymbolicTensor;
    const both = tf.layers.concatenate().apply([left, right]) as SymbolicTensor;
    const scores = tf.layers.dense({ units: 10, activation: 'softmax' }).apply(both);
    const model = tf.model({ inputs: input, outputs: scores as SymbolicTensor });
    const before = model.getWeights().map((weight) => [...weight.dataSync()]);
    const summary = await train({ ...SETTINGS, model, epochs: 3, out: join(folder, 'functional') });
    t.equal(summary.parameters, 785 * (6 + 5) + 12 * 10);
    t.equal(summary.samplesSeen, 360);
    t.strictSame(
      model.getWeights().map((weight) => [...weight.dataSync()]),
      before,
    );
  },
);

t.test('the observer is told in order, and a signal ends the run with a state', async (t) => {
  const out = join(folder, 'observed');
  const told: string[] = [];
  const stop = new AbortController();
  const observer: RunObserver = {
    notice: () => undefined,
    started: ({ steps, startStep }) => told.push(`started ${startStep} of ${steps}`),
    step: ({ step }) => {
      told.push(`step ${step}`);
      if (step === 2) stop.abort();
    },
    epoch: ({ epoch }) => told.push(`epoch ${epoch}`),
    finished: ({ steps }) => told.push(`finished ${steps}`),
  };
  const input = { ...SETTINGS, steps: 400, checkpointEvery: 1000, observer };
  await t.rejects(train({ ...input, model: smallNet(), out, signal: stop.signal }), {
    code: 'RUN_INTERRUPTED',
    where: { run: out },
  });
  t.strictSame(told.slice(0, 4), ['started 0 of 400', 'step 1', 'step 2', 'step 3']);
  const done = stepsOf(out).length;
  t.ok(done < 400 && !told.some((line) => line.startsWith('finished')));
  told.length = 0;
  const data = SETTINGS.data;
  const resumed = await train({ resume: out, model: smallNet(), data, observer });
  t.equal(told[0], `started ${done} of 400`);
  t.equal(told[1], done % 3 === 0 ? `epoch ${done / 3}` : `step ${done + 1}`);
  t.equal(told.at(-1), 'finished 400');
  t.strictSame(
    stepsOf(out),
    Array.from({ length: 400 }, (_, i) => i + 1),
  );
  const silent = { ...SETTINGS, steps: 400, model: smallNet(), out: join(folder, 'silent') };
  const whole = await train(silent);
  t.equal(resumed.weightsDigest, whole.weightsDigest);
});

t.test('every fault is a LockstepError with a code of the table', async (t) => {
  const out = join(folder, 'refused');
  const refusals = [
    [{ batchSize: 0 }, 'CONFIG_INVALID'],
    [{ model: tf.sequential() }, 'MODEL_EMPTY'],
    [{ model: 'mpl' }, 'CONFIG_INVALID'],
    [{ microBatch: 60 }, 'CONFIG_INVALID'],
    [{ data: { ...data, classes: 3 } }, 'DATA_ARRAYS_INVALID'],
    [{ data: '/nowhere' }, 'DATA_NOT_FOUND'],
  ] as const;
  for (const [wrong, code] of refusals) {
    const error: unknown = await train({ ...SETTINGS, model: 'mlp', out, ...wrong }).catch(
      (thrown: unknown) => thrown,
    );
    t.ok(error instanceof LockstepError, String(error));
    t.equal((error as LockstepError).code, code);
    t.ok(code in ERROR_CODES);
  }
});

t.test('the engines are listed', async (t) => {
  const engines = await listEngines();
  t.match(
    engines.filter(({ available }) => available).map(({ name }) => name),
    ['wasm', 'reference'],
  );
});

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A program of somebody else, who has installed the package. */
const PROGRAM = `
import { train, evaluateRun, tf, LockstepError, type ArrayData, type RunSummary } from 'lockstep';
const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [2, 2, 1] }), tf.layers.dense({ units: 2 })] });
const set = { images: new Uint8Array(8), labels: [0, 1] };
const shape = { height: 2, width: 2, channels: 1 };
const data: ArrayData = { train: set, test: set, shape, classes: ['no', 'yes'] };
const summary: RunSummary = await train({ model, data, epochs: 2, optimizer: 'adam' });
const { sets } = await evaluateRun(summary.run, { sets: ['test'], data });
const loss: number | undefined = sets[0]?.loss;
console.log(loss, summary.weightsDigest.length, new LockstepError('MODEL_EMPTY', '').code);
`;

const WRONG = [
  "await train({ optimizer: 'adamm' });",
  'await train({ epochs: true });',
  'await train({ batchsize: 3 });',
  "await evaluateRun('x', { sets: ['valid'] });",
  'summary.weightsDigest = 3;',
];

t.test('the types of the package serve a strict TypeScript program', async (t) => {
  const program = join(folder, 'program');
  await mkdir(join(program, 'node_modules'), { recursive: true });
  await symlink(ROOT, join(program, 'node_modules', 'lockstep'), 'dir');
  const options = { strict: true, noEmit: true, skipLibCheck: true, types: [] };
  const node = { module: 'NodeNext', target: 'ES2022', exactOptionalPropertyTypes: true };
  const lib = ['ES2023', 'DOM'];
  const tsconfig = { compilerOptions: { ...options, ...node, lib }, include: ['*.ts'] };
  await writeFile(join(program, 'tsconfig.json'), JSON.stringify(tsconfig));
  await writeFile(join(program, 'package.json'), '{ "type": "module" }');
  await writeFile(join(program, 'good.ts'), PROGRAM);
  const bad = WRONG.map((line) => `// @ts-expect-error\n${line}`).join('\n');
  await writeFile(join(program, 'bad.ts'), `${PROGRAM}${bad}\n`);
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const checked = promisify(execFile)(process.execPath, [tsc, '-p', program]);
  const output = await checked.then(
    () => '',
    (error: unknown) => (error as { stdout: string }).stdout,
  );
  t.equal(output, '');
});
