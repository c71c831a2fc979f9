import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { ResolvedConfig, RunSummary } from '#src/index.js';
import { listGpus } from '#src/worker/engine/tensorflow/gpu/listing.js';
import { offeredGpus } from '#src/worker/engine/tensorflow/gpu/offer.js';
import { openLibrary } from '#src/worker/engine/tensorflow/open-library.js';
import { cli } from '../support/cli-process.js';
import { realImages, writeImages } from '../support/small-runs.js';
import { useTensorflow } from './install.js';

// The way of a step over several GPUs, where there is none: parts of the processor stand for them
// (LOCKSTEP_VIRTUAL_GPUS). They compute what it computes, so the weights are known.
t.setTimeout(300_000);
const images = await realImages(96, 16);
await useTensorflow();
/** Convolution, batch norm, dropout; and one layer more, for which the step runs op by op. */
const MODEL = (
  more: string,
) => `export default ({ image, classes, tf }) => tf.sequential({ layers: [
  tf.layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, inputShape: [image.height, image.width, image.channels] }),
  tf.layers.batchNormalization(),
  tf.layers.dropout({ rate: 0.2 }),${more}
  tf.layers.flatten(),
  tf.layers.dense({ units: classes, activation: 'softmax' }),
] });
`;
const folder = t.testdir({
  'compiled.mjs': MODEL(''),
  'eager.mjs': MODEL('tf.layers.gaussianNoise({ stddev: 0.1 }),'),
});
const data = await writeImages(join(folder, 'data'), images);

const LOG = { LOCKSTEP_LOG_PLACEMENT: '1', TF_CPP_MIN_LOG_LEVEL: '0' };

const lastLine = ({ stderr }: { readonly stderr: string }) => stderr.trim().split('\n').at(-1)!;

async function run(name: string, model: string, env: NodeJS.ProcessEnv, ...flags: string[]) {
  const out = join(folder, name);
  const sizes = [
    '--steps',
    '3',
    '--batch-size',
    '32',
    '--micro-batch',
    '8',
    '--evaluate-every',
    '0',
  ];
  const where = ['--model', join(folder, `${model}.mjs`), '--data', data, '--out', out];
  const end = await cli(['train', ...sizes, ...where, ...flags], {
    env: { ...process.env, ...env },
  });
  t.equal(end.status, 0, lastLine(end));
  const read = (file: string) => JSON.parse(readFileSync(join(out, file), 'utf8')) as unknown;
  return {
    ...{ ...end, out, text: end.stdout + end.stderr },
    summary: read('summary.json') as RunSummary,
    config: read('config.json') as ResolvedConfig,
  };
}

/** On which devices an operation of graphs ran, by TensorFlow's own account. */
const inGraphs = (text: string, op: string) =>
  devicesIn(text, new RegExp(`\\(${op}\\): \\S*device:(\\w+:\\d+)`, 'g'));

/** The same of single operations; oneDNN's kernels have names that end so. */
const alone = (text: string, op: string) =>
  devicesIn(text, new RegExp(`Executing op \\S*${op} in device \\S*device:(\\w+:\\d+)`, 'g'));

function devicesIn(text: string, pattern: RegExp): readonly string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, device]) => device!))].sort();
}

void t.test('auto takes tensorflow where GPUs are, with a compute thread for each', async (t) => {
  const env = { LOCKSTEP_VIRTUAL_GPUS: '2', ...LOG };
  const [two, cpu] = await Promise.all([
    run('two', 'compiled', env),
    run('cpu', 'compiled', LOG, '--engine', 'tensorflow', '--threads', '1'),
  ]);
  t.match(two.stdout, 'Engine tensorflow: it computes on GPUs 0 and 1 (virtual GPU).');
  t.match(two.stdout, 'Gradients are computed on GPUs 0 and 1 (virtual GPU).');
  t.match(two.summary, { engine: 'tensorflow', threads: 2 });
  t.match(two.config, { engine: 'tensorflow', threads: 2, gpus: 'all' });
  t.match(cpu.config, { engine: 'tensorflow', threads: 1, gpus: 'none' });
  t.equal(two.summary.weightsDigest, cpu.summary.weightsDigest, 'weights of the processor');

  // Node.device has placed the whole step: GPU i is part i + 1 of the processor.
  for (const op of ['Conv2D', 'Conv2DBackpropFilter', 'BatchMatMulV2', 'Softmax', 'Rsqrt']) {
    t.same(inGraphs(two.text, op), ['CPU:1', 'CPU:2'], op);
    t.same(inGraphs(cpu.text, op), ['CPU:0'], `${op} without GPUs`);
  }
});

void t.test('the GPUs that are named compute, and no others', async (t) => {
  const env = { LOCKSTEP_VIRTUAL_GPUS: '3', ...LOG };
  const [one, wrong] = await Promise.all([
    run('one', 'compiled', env, '--gpus', '2'),
    cli(['train', '--gpus', '0,7', '--data', data], { env: { ...process.env, ...env } }),
  ]);
  t.match(one.stdout, 'it computes on GPU 2 (virtual GPU)');
  t.equal(one.summary.threads, 1);
  t.same(inGraphs(one.text, 'Conv2D'), ['CPU:1'], 'the only one that the library is given');
  t.match(wrong.stderr, 'ENGINE_GPUS: The GPUs asked for cannot be used: there is no GPU 7');
  t.equal(wrong.status, 1);
});

void t.test('single operations run on the device of their thread', async (t) => {
  const env = { LOCKSTEP_VIRTUAL_GPUS: '2', ...LOG };
  const [two, cpu] = await Promise.all([
    run('eager-two', 'eager', env, '--engine', 'tensorflow'),
    run('eager-cpu', 'eager', {}, '--engine', 'tensorflow', '--threads', '2'),
  ]);
  t.match(two.stdout, 'The training step runs op by op');
  // The main thread, which traces, is on the processor.
  t.same(alone(two.text, 'Conv2DBackpropFilter'), ['CPU:0', 'CPU:1', 'CPU:2']);
  t.equal(two.summary.weightsDigest, cpu.summary.weightsDigest);
});

void t.test('a run goes on with GPUs as it began, and is used where there are none', async (t) => {
  const env = { LOCKSTEP_VIRTUAL_GPUS: '2' };
  const out = join(folder, 'two');
  const again = ['train', '--resume', out, '--steps', '4'];
  const nowhere = await cli(again);
  t.match(nowhere.stderr, 'ENGINE_GPUS');
  t.match(nowhere.stderr, 'there is no driver for GPUs');
  const there = await cli([...again, '--threads', '3'], { env: { ...process.env, ...env } });
  t.equal(there.status, 0, lastLine(there));
  t.match(there.stdout, 'tensorflow, 3 threads');
  const used = await cli(['evaluate', out, '--set', 'test']);
  t.equal(used.status, 0, lastLine(used));
});

void t.test('a process that has loaded the library takes no more GPUs, and says so', async (t) => {
  const env = process.env;
  env['CUDA_VISIBLE_DEVICES'] = '7';
  t.teardown(() => {
    delete env['CUDA_VISIBLE_DEVICES'];
    delete env['LOCKSTEP_VIRTUAL_GPUS'];
  });
  const { devices } = await openLibrary(env, { gpus: [], fastMath: false });
  t.same(devices, []);
  t.equal(env['CUDA_VISIBLE_DEVICES'], '7', 'programs that it starts see what the user has given');
  env['LOCKSTEP_VIRTUAL_GPUS'] = '2';
  const { gpus } = await listGpus(env);
  const refused = { reason: /loaded in this process, with no GPU: it cannot take GPUs 0 and 1/ };
  t.match(await offeredGpus('all', false, { ...env, CUDA_VISIBLE_DEVICES: undefined }), refused);
  await t.rejects(openLibrary(env, { gpus, fastMath: false }), { code: 'ENGINE_GPUS' });
  await t.resolves(openLibrary(env, { gpus: [], fastMath: true }), 'the processor can be used');
});
