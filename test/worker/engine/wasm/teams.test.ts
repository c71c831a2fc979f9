import t from 'tap';
import type { Plan, PlannedCall } from '#src/worker/engine/wasm/plan/plan.js';
import { MODELS, type ModelBuilder } from '../../../golden/models.js';
import { smallNet } from '../../../support/small-runs.js';
import { randomBatch } from './harness.js';
import { ORDERS, TeamBench } from './team-bench.js';

// Several threads on one micro-batch: the row of any team is that of one thread, bit by bit.
t.setTimeout(300_000);

const TEAMS = [2, 3, 5];
const MICRO_BATCH = 12;
/** One sample more than threads, as many, fewer, an odd number and the largest. */
const SIZES = [2, 3, 4, 5, 11, MICRO_BATCH];
const IMAGE = { height: 28, width: 28, channels: 1 };

for (const fastMath of [false, true]) {
  for (const [name, build] of Object.entries<ModelBuilder>({ ...MODELS, smallNet })) {
    t.test(`${name}: a team's row, ${fastMath ? 'relaxed' : 'plain'} kernels`, async (t) => {
      const model = build(IMAGE, 10);
      const bench = await TeamBench.create(model, { microBatch: MICRO_BATCH, most: 5, fastMath });
      for (const size of SIZES) {
        const batch = randomBatch(model, size, size);
        const alone = bench.row(batch, 1, 'leader first');
        t.ok(new Float32Array(alone.buffer).every(Number.isFinite), `${size} samples: finite`);
        for (const parts of TEAMS) {
          for (const order of ORDERS) {
            const same = Buffer.compare(bench.row(batch, parts, order), alone) === 0;
            t.ok(same, `${size} samples, ${parts} threads, ${order}`);
          }
        }
      }
    });
  }
}

t.test('A row shows who reads the wrong memory or splits a sum', async (t) => {
  const model = smallNet();
  const bench = await TeamBench.create(model, { microBatch: 12, most: 3, fastMath: false });
  const batch = randomBatch(model, 12, 3);
  const { plan } = bench.program;
  const alone = bench.row(batch, 1, 'leader first');
  const spoilt = (spoil: (call: PlannedCall) => PlannedCall): Plan => ({
    ...plan,
    forward: plan.forward.map(spoil),
    backward: plan.backward.map((stage) => ({ ...stage, calls: stage.calls.map(spoil) })),
  });
  const differs = (spoil: (call: PlannedCall) => PlannedCall) => {
    const wrong = spoilt(spoil);
    t.same(bench.row(batch, 1, 'leader first', wrong), alone, 'one thread sees no difference');
    return ORDERS.every((order) => Buffer.compare(bench.row(batch, 3, order, wrong), alone) !== 0);
  };

  // The address of a tensor in one's own region instead of the leader's.
  const isSpoilt = ({ kernel }: PlannedCall) => kernel === 'batchNormBackward';
  const own = (call: PlannedCall): PlannedCall => ({
    ...call,
    args: call.args.map((arg) =>
      Array.isArray(arg) && arg[0] === 'thread' ? ['own', arg[1] as number] : arg,
    ),
  });
  t.ok(
    differs((call) => (isSpoilt(call) ? own(call) : call)),
    'a region of its own',
  );

  // The statistics of a range of samples instead of all.
  const bySamples = (call: PlannedCall): PlannedCall => {
    // Bytes of a sample of its output, which is pooled, its input, saved, and the pool's places.
    const strides = [6 * 6 * 2 * 16, 13 * 13 * 2 * 16, 0, 6 * 6 * 2 * 4];
    let place = 0;
    const args = call.args.map((arg) => {
      if (!Array.isArray(arg)) return arg;
      if (arg[0] === 'part') return 0;
      if (arg[0] === 'parts') return 1;
      return arg[0] === 'thread' ? (['thread', arg[1] as number, strides[place++]!] as const) : arg;
    });
    return { ...call, args, split: 'samples' };
  };
  t.ok(
    differs((call) => (call.kernel === 'batchNormForward' ? bySamples(call) : call)),
    'a sum over some samples',
  );
});
