import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { tf, type RunSummary } from '#src/index.js';
import { CLI_MAIN, startProcess } from '../support/cli-process.js';
import { realImages, smallNet, writeImages } from '../support/small-runs.js';
import { buildEngine, loadEngine } from './engine-on-memory.js';
import { tensorflowForTests } from './install.js';

t.setTimeout(300_000);
const images = await realImages(128, 32);
const { binding, folder } = await tensorflowForTests();
const STARTS = fileURLToPath(new URL('./starts.js', import.meta.url));
const IMAGE = { height: 28, width: 28, channels: 1 };

for (const threads of [2, 4]) {
  void t.test(`${threads} threads start at once, 50 times, and make one row`, async (t) => {
    const { status, signal, stdout, stderr, seconds } = await startProcess(process.execPath, [
      ...[STARTS, String(threads), '50'],
    ]).ended;
    t.match(
      { status, signal, stdout },
      { status: 0, signal: null, stdout: `rows ${50 * threads} different 1\n` },
    );
    t.equal(stderr, '', 'and TensorFlow does not greet');
    t.comment(`${seconds.toFixed(1)} s`);
  });
}

void t.test('the engine works from a cache that no node_modules is above', async (t) => {
  const cache = mkdtempSync(join(tmpdir(), 'lockstep-cache-'));
  t.teardown(() => {
    rmSync(cache, { recursive: true });
  });
  const there = join(process.env['LOCKSTEP_CACHE']!, 'tensorflow');
  const root = join(cache, 'tensorflow');
  mkdirSync(root);
  for (const name of readdirSync(there)) {
    if (name.startsWith('library-')) symlinkSync(join(there, name), join(root, name));
    else if (name === basename(folder)) cpSync(folder, join(root, name), { recursive: true });
  }
  const env = { ...process.env, LOCKSTEP_CACHE: cache };
  const { stdout, stderr } = await startProcess(process.execPath, [STARTS, '1', '1'], { env })
    .ended;
  t.equal(stdout, 'rows 1 different 1\n', stderr);
});

/** 200 KB of weights and as much of gradients: what is lost at each step is seen. */
function wideNet(...first: ReturnType<typeof smallNet>['layers']) {
  const model = tf.sequential();
  for (const layer of first) model.add(layer);
  model.add(tf.layers.flatten({ inputShape: [28, 28, 1] }));
  model.add(tf.layers.dense({ units: 64, activation: 'relu' }));
  model.add(tf.layers.batchNormalization());
  model.add(tf.layers.dropout({ rate: 0.2 }));
  model.add(tf.layers.dense({ units: 10 }));
  return model;
}

setFlagsFromString('--expose-gc');
/** What JavaScript no longer needs is no growth. */
const collect = runInNewContext('gc') as () => void;

const noise = tf.layers.gaussianNoise({ stddev: 0.1, inputShape: [28, 28, 1] });
for (const [what, model, steps] of [
  ['compiled', wideNet(), 2000],
  ['op-by-op', wideNet(noise), 250],
] as const) {
  void t.test(`memory is flat over ${steps} ${what} steps`, async (t) => {
    const built = await buildEngine(model, IMAGE, 4);
    const { engine, step } = await loadEngine(built);
    const probabilities = new Float32Array(4 * 10);
    const taken = async (count: number) => {
      for (let i = 0; i < count; i++) {
        await step();
        if (i % 4 === 0) await engine.predict(built.batch, probabilities);
      }
      collect();
      return { tensors: binding.getNumOfTensors(), bytes: process.memoryUsage.rss() };
    };
    const before = await taken(steps / 5);
    const after = await taken((steps * 4) / 5);
    const grown = (after.bytes - before.bytes) / 2 ** 20;
    t.equal(after.tensors, before.tensors, 'no tensor more');
    t.ok(grown < 24, `${grown.toFixed(1)} MiB more`);
  });
}

void t.test('the weights are the same on one processor as on all', async (t) => {
  const folder = t.testdir();
  const data = await writeImages(join(folder, 'data'), images);
  const run = async (out: string, ...before: string[]) => {
    const flags = ['--model', 'lenet5', '--steps', '2', '--batch-size', '64', '--threads', '1'];
    const [program = process.execPath, ...args] = [...before, process.execPath, CLI_MAIN];
    const where = ['--engine', 'tensorflow', '--data', data, '--out', out];
    const { status, stderr } = await startProcess(program, [...args, 'train', ...flags, ...where])
      .ended;
    t.equal(status, 0, stderr);
    const summary = readFileSync(join(out, 'summary.json'), 'utf8');
    return (JSON.parse(summary) as RunSummary).weightsDigest;
  };
  const all = await run(join(folder, 'all'));
  t.equal(await run(join(folder, 'one'), 'taskset', '-c', '0'), all);
});
