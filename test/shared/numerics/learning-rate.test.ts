import t, { type Test } from 'tap';
import { learningRateAt, type LearningRateSchedule } from '#src/shared/numerics/learning-rate.js';

const base: LearningRateSchedule = {
  kind: 'constant',
  peak: 0.8,
  warmupSteps: 0,
  warmupFrom: 0,
  totalSteps: 8,
  decaySteps: 2,
  decayRate: 0.25,
  floor: 0,
  plateauFactor: 0.5,
};

function sameRates(
  t: Test,
  schedule: Partial<LearningRateSchedule>,
  expected: readonly number[],
  tolerance = 1e-15,
): void {
  const got = expected.map((_, step) => learningRateAt({ ...base, ...schedule }, step));
  const near = got.every((rate, i) => Math.abs(rate - expected[i]!) <= tolerance * expected[i]!);
  t.ok(near, `${got.join()} against ${expected.join()}`);
}

t.test('constant, and with warm-up', (t) => {
  sameRates(t, {}, [0.8, 0.8, 0.8]);
  sameRates(t, { warmupSteps: 4 }, [0.2, 0.4, 0.6, 0.8, 0.8, 0.8]);
  // Linear scaling 0.1 → 0.8: an equal amount more with each step, from the rate unscaled.
  sameRates(t, { warmupSteps: 2, warmupFrom: 0.1 }, [0.45, 0.8, 0.8]);
  t.end();
});

t.test('step falls at whole periods, after warm-up', (t) => {
  sameRates(t, { kind: 'step' }, [0.8, 0.8, 0.2, 0.2, 0.05, 0.05, 0.0125]);
  sameRates(t, { kind: 'step', warmupSteps: 1 }, [0.8, 0.8, 0.8, 0.2, 0.2, 0.05]);
  t.end();
});

t.test('exponential falls by the same factor with each step', (t) => {
  // 0.25 in two steps: a half in one.
  sameRates(t, { kind: 'exponential' }, [0.8, 0.4, 0.2, 0.1, 0.05, 0.025], 2e-7);
  const far = learningRateAt(
    { ...base, kind: 'exponential', decayRate: 0.99, decaySteps: 1 },
    1000,
  );
  t.ok(Math.abs(far - 0.8 * 4.317124741065786e-5) < 1e-17, '0.99^1000');
  t.end();
});

t.test('cosine falls to its floor with the end of the run', (t) => {
  const half = Math.SQRT1_2;
  // Four steps: parts 0, ¼, ½, ¾ of half a turn.
  const expected = [0.8, 0.4 * (1 + half), 0.4, 0.4 * (1 - half)];
  sameRates(t, { kind: 'cosine', totalSteps: 4 }, expected, 1e-14);
  sameRates(t, { kind: 'cosine', totalSteps: 6, warmupSteps: 2 }, [0.4, 0.8, ...expected], 1e-14);
  const floored = { ...base, kind: 'cosine', totalSteps: 4, floor: 0.2 } as const;
  t.ok(Math.abs(learningRateAt(floored, 2) - 0.5) < 1e-15);
  t.end();
});

t.test('one-cycle rises, falls, and ends at nearly nothing', (t) => {
  // 20 steps: from 0.8/25 up to step 0.3 · 20 − 1 = 5, down to step 19 at 0.8/250,000.
  const cycle = { ...base, kind: 'oneCycle', totalSteps: 20 } as const;
  const at = (step: number): number => learningRateAt(cycle, step);
  const is = (step: number, expected: number): void => {
    t.ok(Math.abs(at(step) / expected - 1) < 1e-12, `step ${step}: ${at(step)}, ${expected}`);
  };
  is(0, 0.032);
  // (1 + cos(π/5))/2 = 0.9045084971874737 of the way still to go.
  is(1, 0.8 + (0.032 - 0.8) * 0.9045084971874737);
  is(5, 0.8);
  is(12, (0.8 + 3.2e-6) / 2);
  is(19, 3.2e-6);
  // A run of a few steps has no room to rise.
  t.equal(learningRateAt({ ...cycle, totalSteps: 1 }, 0), 0.8);
  t.equal(learningRateAt({ ...cycle, totalSteps: 2 }, 0), 0.8);
  t.end();
});
