import { createHash } from 'node:crypto';
import t from 'tap';
import type { ImageSet } from '#src/shared/data/image-set.js';
import { rowLayout } from '#src/shared/model/layout.js';
import { wasmEngine } from '#src/worker/engine/wasm/engine.js';
import { Trainer } from '#src/worker/trainer.js';
import { MODELS, type ModelBuilder } from '../../golden/models.js';
import { generator, randomWeights } from '../engine/wasm/harness.js';

// Fewer micro-batches than threads: the digests of rows and weights are those of one thread. Three
// threads cut every output unevenly; other numbers are tried on the model with all kinds of layers.
t.setTimeout(300_000);

const SHAPE = { height: 28, width: 28, channels: 1 };
const CLASSES = Array.from({ length: 10 }, (_, label) => String(label));
const SEED = 5;

/** Steps of 22 and 3 samples: two micro-batches of 11, and one of fewer samples than threads. */
const SAMPLES = 25;
const BATCH_SIZE = 22;
const MICRO_BATCH = 11;
const STEPS = 2;

const random = generator(3);
const filled = <T extends Uint8Array | Uint16Array>(array: T, limit: number): T => {
  for (let i = 0; i < array.length; i++) array[i] = random(limit);
  return array;
};
const set: ImageSet = {
  shape: SHAPE,
  classes: CLASSES,
  count: SAMPLES,
  pixels: filled(new Uint8Array(new SharedArrayBuffer(SAMPLES * 784)), 256),
  labels: filled(new Uint16Array(new SharedArrayBuffer(SAMPLES * 2)), 10),
};

const digestOf = (weights: Float32Array): string =>
  createHash('sha256').update(new Uint8Array(weights.slice().buffer)).digest('hex');

interface Outcome {
  readonly rows: readonly string[];
  readonly correct: readonly number[];
  readonly proofs: readonly string[];
  readonly weights: string;
}

async function trainWith(
  build: ModelBuilder,
  threads: number,
  fastMath: boolean,
): Promise<Outcome> {
  const model = build(SHAPE, CLASSES.length);
  const layout = rowLayout(model);
  const program = await wasmEngine.build({
    model,
    layout,
    image: SHAPE,
    classes: CLASSES.length,
    microBatch: MICRO_BATCH,
    seed: SEED,
    labelSmoothing: 0,
    fastMath,
  });
  const trainer = await Trainer.open({
    program,
    layout,
    engineModule: wasmEngine.module,
    optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0 },
    average: null,
    keepsBest: false,
    sets: [set],
    augmentation: null,
    seed: SEED,
    batchSize: BATCH_SIZE,
    microBatch: MICRO_BATCH,
    threads,
    fastMath,
    limits: { stallMilliseconds: 60_000, startMilliseconds: 60_000 },
    parts: false,
    predicts: false,
    onRepair: () => t.fail('no thread needs a repair'),
    hook: null,
  });
  try {
    trainer.begin(randomWeights(layout, 2));
    const rows: string[] = [];
    const correct: number[] = [];
    const proofs: string[] = [];
    for (let step = 0; step < STEPS; step++) {
      const result = await trainer.gradients(step);
      await trainer.apply(step, result.samples, 0.01);
      rows.push(result.digest.toString(16));
      correct.push(result.correct);
      proofs.push(`${String(result.samples)} ${result.proof.toString(16)}`);
      const isBusy = (seconds: number) => seconds > 0 && seconds <= result.seconds;
      if (!result.busySeconds.every(isBusy)) t.fail(`busy for ${String(result.busySeconds)} s`);
    }
    return { rows, correct, proofs, weights: digestOf(trainer.weights) };
  } finally {
    await trainer.close();
  }
}

for (const fastMath of [false, true]) {
  for (const [name, build] of Object.entries(MODELS)) {
    const kernels = fastMath ? 'relaxed' : 'plain';
    t.test(`${name}, ${kernels} kernels: teams change no bit`, async (t) => {
      const alone = await trainWith(build, 1, fastMath);
      t.equal(new Set(alone.rows).size, STEPS, 'every step has a row of its own');
      for (const threads of fastMath || name !== 'medley' ? [3] : [2, 3, 5]) {
        t.same(await trainWith(build, threads, fastMath), alone, `${String(threads)} threads`);
      }
    });
  }
}
