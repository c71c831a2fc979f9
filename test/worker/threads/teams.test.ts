import { createHash } from 'node:crypto';
import t from 'tap';
import { MODELS, type ModelBuilder } from '../../golden/models.js';
import { smallSet } from '../../support/small-set.js';
import { smallTrainer } from '../../support/small-trainer.js';

// Fewer micro-batches than threads: the digests of rows and weights are those of one thread. Three
// threads cut every output unevenly; other numbers are tried on the model with all kinds of layers.
t.setTimeout(300_000);

/** Steps of 22 and 3 samples: two micro-batches of 11, and one of fewer samples than threads. */
const set = smallSet(25);
const SIZES = { batchSize: 22, microBatch: 11 };
const STEPS = 2;

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
  const trainer = await smallTrainer(build, { set, ...SIZES, threads, fastMath });
  try {
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
