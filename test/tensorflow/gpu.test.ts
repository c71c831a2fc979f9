import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { RunSummary } from '#src/index.js';
import { listGpus } from '#src/worker/engine/tensorflow/gpu/listing.js';
import { installTensorflow } from '#src/worker/engine/tensorflow/install/install.js';
import { cli } from '../support/cli-process.js';
import { realImages, writeImages } from '../support/small-runs.js';
import { useEngineCache } from './install.js';

// On real GPUs. Without one, it is skipped; with one, it installs CUDA and TensorFlow (about 3 GB).
t.setTimeout(1_800_000);
const { gpus, driver } = await listGpus({ ...process.env, LOCKSTEP_VIRTUAL_GPUS: '' });

if (gpus.length === 0) {
  void t.test('training on GPUs', { skip: 'nvidia-smi lists no GPU here' }, () => undefined);
} else {
  useEngineCache();
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const { cuda, devices } = await installTensorflow({
    ...{ from: null, env: process.env, say, gpu: true },
  });
  t.comment(`${gpus.map(({ name }) => name).join(', ')}; driver ${driver}; CUDA ${cuda?.version}`);

  const folder = t.testdir();
  const data = await writeImages(join(folder, 'data'), await realImages(640, 160));

  const run = async (name: string, env: NodeJS.ProcessEnv, ...flags: string[]) => {
    const out = join(folder, name);
    const sizes = ['--epochs', '2', '--batch-size', '128', '--micro-batch', '32'];
    const rest = ['--engine', 'tensorflow', '--model', 'lenet5', '--data', data, '--out', out];
    const end = await cli(['train', ...sizes, ...rest, ...flags], {
      env: { ...process.env, ...env },
    });
    t.equal(end.status, 0, end.stderr);
    const text = readFileSync(join(out, 'summary.json'), 'utf8');
    return { text: end.stdout + end.stderr, summary: JSON.parse(text) as RunSummary };
  };

  void t.test('the installation was tried on a GPU, and is listed', async (t) => {
    t.same([...devices].sort(), ['CPU', 'GPU']);
    const { stdout } = await cli(['engine', 'list']);
    t.match(stdout, `GPU 0: ${gpus[0]!.name}`);
    t.match(stdout, `driver ${driver}`);
    t.match(stdout, `CUDA ${cuda!.version}`);
  });

  void t.test('the weights are the same for any number of threads, and again', async (t) => {
    const log = { LOCKSTEP_LOG_PLACEMENT: '1', TF_CPP_MIN_LOG_LEVEL: '0' };
    const one = await run('one', log, '--gpus', '0', '--threads', '1');
    for (const op of ['Conv2D', 'Conv2DBackpropFilter', 'MatMul']) {
      t.match(one.text, new RegExp(`\\(${op}\\): \\S*device:GPU:0`), `${op} is on the GPU`);
    }
    const again = await run('again', {}, '--gpus', '0', '--threads', '1');
    t.equal(again.summary.weightsDigest, one.summary.weightsDigest);
    const two = await run('two', {}, '--gpus', '0', '--threads', '2');
    t.equal(two.summary.weightsDigest, one.summary.weightsDigest);
    if (gpus.length > 1) {
      const all = await run('all', {}, '--gpus', 'all');
      t.equal(all.summary.weightsDigest, one.summary.weightsDigest);
    }
  });

  void t.test('it learns what the processor learns, and TF32 is off', async (t) => {
    const there = await run('gpu', {}, '--gpus', '0');
    const here = await run('cpu', {}, '--gpus', 'none', '--threads', '2');
    // TF32 keeps ten bits of the mantissa: after 10 steps it is off by more than this.
    const apart = Math.abs(there.summary.trainLoss / here.summary.trainLoss - 1);
    t.ok(apart < 1e-4, `train losses differ by ${apart}`);
    t.not(there.summary.weightsDigest, here.summary.weightsDigest);
    const fast = await run('fast', {}, '--gpus', '0', '--fast-math');
    t.comment(
      `samples/s: ${there.summary.samplesPerSecond.toFixed(0)} on GPU 0, ` +
        `${fast.summary.samplesPerSecond.toFixed(0)} with --fast-math, ` +
        `${here.summary.samplesPerSecond.toFixed(0)} on the processor`,
    );
  });
}
