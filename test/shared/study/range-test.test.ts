import t from 'tap';
import { learningRateAt } from '#src/shared/numerics/learning-rate.js';
import { rangeResults } from '#src/shared/study/range-test.js';

const SCHEDULE = {
  peak: 1,
  warmupSteps: 0,
  warmupFrom: 0,
  totalSteps: 7,
  decaySteps: 1,
  decayRate: 1,
  floor: 1e-6,
  plateauFactor: 1,
};

t.test('the rate of a range test rises by equal factors, or along a line', (t) => {
  const log = { ...SCHEDULE, kind: 'logRange' } as const;
  [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1].forEach((rate, step) => {
    t.ok(Math.abs(learningRateAt(log, step) / rate - 1) < 3e-6, `step ${String(step)}`);
  });
  const linear = { ...SCHEDULE, kind: 'linearRange', floor: 0.25 } as const;
  t.same(
    [0, 1, 2, 6].map((step) => learningRateAt(linear, step)),
    [0.25, 0.375, 0.5, 1],
  );
  t.equal(learningRateAt({ ...linear, totalSteps: 1 }, 0), 0.25, 'a single step is the first');
  t.end();
});

t.test('losses are smoothed by the mean over a tenth of the run', (t) => {
  const of = (losses: readonly number[]): number[] => {
    const steps = losses.map((loss, i) => ({ learningRate: i + 1, loss }));
    return rangeResults(steps, false).points.map(({ smoothedLoss }) => smoothedLoss);
  };
  t.same(of([2, 1, 3]), [1.5, 2, 2]);
  // Of 40 steps, two before and two behind: (5 + 5 + 5 + 5 + 25) / 5 = 9 from step 8 to 12.
  const spike = Array.from({ length: 40 }, (_, i) => (i === 10 ? 25 : 5));
  t.same(
    of(spike),
    spike.map((_, i) => (Math.abs(i - 10) <= 2 ? 9 : 5)),
  );
  t.end();
});

t.test('the steepest fall, the least loss and the divergence of a known curve are found', (t) => {
  // Level at 2, falls along a parabola between steps 100 and 200 that is steepest at 150, level at
  // 1, and explodes from step 300 on.
  const ramp = (x: number): number => (x < 0.5 ? 2 * x * x : 1 - 2 * (1 - x) * (1 - x));
  const loss = (i: number): number => (i < 100 ? 2 : i < 200 ? 2 - ramp((i - 100) / 100) : i < 300 ? 1 : 1 + i - 300); // prettier-ignore
  const steps = Array.from({ length: 400 }, (_, i) => ({ learningRate: i, loss: loss(i) }));
  const found = rangeResults(steps, false);
  t.equal(found.steepest, 150);
  t.ok(found.least! >= 219 && found.least! <= 281, `least ${String(found.least)}`);
  // The mean of steps i − 20 to i + 20 exceeds 4 where that of i − 300 exceeds 3.
  t.ok(found.diverges! > 290 && found.diverges! < 304, `diverges ${String(found.diverges)}`);
  const level = rangeResults(steps.slice(0, 100), true);
  t.equal(level.steepest, null);
  t.equal(level.diverges, 99, 'where the run ended by a loss without end');
  t.end();
});
