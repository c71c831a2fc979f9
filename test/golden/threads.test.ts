import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { learningRateAt } from '#src/shared/numerics/learning-rate.js';
import { wasmEngine } from '#src/worker/engine/wasm/engine.js';
import { Trainer } from '#src/worker/trainer.js';
import { readGolden } from './check.js';
import type { GoldenCase, GoldenFixture, GoldenResult } from './fixture.js';
import { makeFixture } from './make-fixture.js';
import { shared } from './program.js';
import { repository } from './repository.js';

// The golden program does without threads, so that it runs anywhere; this ties it to the product.
t.setTimeout(300_000);
const fixture = JSON.parse(
  await readFile(join(repository, await makeFixture(false)), 'utf8'),
) as GoldenFixture;
const pinned = await readGolden();

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

for (const golden of fixture.cases) {
  await t.test(`Three threads of a worker give the golden bits of ${golden.name}`, async (test) => {
    test.strictSame(await trainWithThreads(golden, 3, null), pinned.cases[golden.name]);
  });
  await t.test(`So do two whose rows travel, of ${golden.name}`, async (test) => {
    test.strictSame(await trainWithThreads(golden, 2, 8), pinned.cases[golden.name]);
  });
}

async function trainWithThreads(
  golden: GoldenCase,
  threads: number,
  segments: number | null,
): Promise<GoldenResult> {
  const read = async (path: string) => new Uint8Array(await readFile(join(repository, path)));
  const pixels = shared(await read(fixture.pixelsFile));
  const labels = shared(Uint16Array.from(await read(fixture.labelsFile)));
  const { image: shape, classes } = fixture;
  const trainer = await Trainer.open({
    ...golden,
    keepsBest: false,
    engineModule: wasmEngine.module,
    sets: [{ shape, classes, count: golden.images, pixels, labels }],
    threads,
    fastMath: false,
    limits: { stallMilliseconds: 60_000, startMilliseconds: 60_000 },
    segments,
    predicts: false,
    onRepair: () => t.fail('no thread needs a repair'),
    hook: null,
  });
  try {
    trainer.begin(new Float32Array((await read(golden.weightsFile)).buffer));
    const lossSums: number[] = [];
    const correct: number[] = [];
    for (let step = 0; step < golden.steps; step++) {
      const result = await trainer.gradients(step);
      await trainer.apply(step, result.samples, learningRateAt(golden.learningRate, step));
      lossSums.push(result.lossSum);
      correct.push(result.correct);
    }
    const state = trainer.capture();
    const weightsDigest = sha256(state.get('weights')!);
    const average = state.get('averagedWeights');
    const digests = average === undefined ? {} : { averageDigest: sha256(average) };
    return { weightsDigest, ...digests, lossSums, correct };
  } finally {
    await trainer.close();
  }
}
