import t from 'tap';
import { segmentRange } from '#src/shared/numerics/row-segments.js';
import type { StepSegment } from '#src/worker/threads/thread-team.js';
import { MODELS } from '../../golden/models.js';
import { smallSet } from '../../support/small-set.js';
import { smallTrainer } from '../../support/small-trainer.js';

// Rows that travel leave segment by segment, while the threads still compute.

const set = smallSet(96);
const SEGMENTS = 8;
/** Six micro-batches; four, so that three threads have ranges that are no node; two, for a team. */
const NODES = [
  { first: 0, end: 6 },
  { first: 0, end: 4 },
  { first: 4, end: 6 },
  { first: 5, end: 6 },
];

t.test('What is told of a segment while others are computed stays true', async (t) => {
  const sizes = { set, batchSize: 96, microBatch: 16 };
  const alone = await smallTrainer(MODELS['medley']!, { ...sizes, threads: 1 });
  for (const threads of [1, 2, 3]) {
    const trainer = await smallTrainer(MODELS['medley']!, {
      ...sizes,
      threads,
      segments: SEGMENTS,
    });
    for (const node of NODES) {
      const expected = await alone.gradients(0, node);
      const row = trainer.reducedRow;
      const told: (StepSegment & { readonly elements: Float32Array })[] = [];
      const result = await trainer.gradients(0, node, (segment) => {
        const { first, end } = segmentRange(row.length, SEGMENTS, segment.segment);
        told.push({ ...segment, elements: row.slice(first, end) });
      });
      const name = `${String(threads)} threads, micro-batches ${String(node.first)} to ${String(node.end - 1)}`;
      const { digest, correct, samples, proof, lossSum } = expected;
      t.match(result, { digest, correct, samples, proof, lossSum, nonFinite: -1 }, name);
      t.strictSame(
        told.map(({ segment }) => segment),
        Array.from({ length: SEGMENTS }, (_, segment) => segment),
        'each is told of once, in order',
      );
      t.strictSame(
        told.flatMap(({ elements }) => [...elements]),
        [...alone.reducedRow],
        'with the elements that it ends with',
      );
      for (const { tally } of told) t.strictSame(tally, { correct, samples, proof });
    }
    await trainer.close();
  }
  await alone.close();
});

t.test('The first segments leave while backward goes on', async (t) => {
  const sizes = { set: smallSet(64), batchSize: 64, microBatch: 64 };
  for (const threads of [1, 2]) {
    const trainer = await smallTrainer(MODELS['lenet5']!, { ...sizes, threads, segments: 64 });
    const shares: number[] = [];
    for (let step = 0; step < 3; step++) {
      const began = performance.now();
      const told: number[] = [];
      await trainer.gradients(0, undefined, () => told.push(performance.now() - began));
      const all = performance.now() - began;
      shares.push(told.filter((at) => at < 0.9 * all).length / told.length);
    }
    const share = Math.max(...shares);
    t.ok(share > 0.5, `${String(Math.round(100 * share))} % of them in the first nine tenths`);
    await trainer.close();
  }
});
