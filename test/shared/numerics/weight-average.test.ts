import t from 'tap';
import { averageRate, averageStep } from '#src/shared/numerics/weight-average.js';

t.test('an average moves by 1 − decay of the way, each step', async (t) => {
  const average = Float32Array.of(1, -2, 0, 5);
  const weights = Float32Array.of(3, -2, 8, 5);
  averageStep(average, weights, averageRate({ decay: 0.75, warmup: false }, 1));
  t.same([...average], [1.5, -2, 2, 5]);
  averageStep(average, weights, 0.25);
  t.same([...average], [1.875, -2, 3.5, 5]);
  averageStep(average, Float32Array.of(3, 6, 8, 5), 0.25);
  t.same([...average], [2.15625, 0, 4.625, 5]);
});

t.test('every operation is rounded to float32', async (t) => {
  const average = Float32Array.of(1.1);
  averageStep(average, Float32Array.of(-2.3), 1 / 3);
  // As Python's struct rounds it; with one rounding at the end it would be −0.03333333507180214.
  t.equal(average[0], -0.033333420753479004);
});

t.test('frozen weights stay what they are', async (t) => {
  const weights = Float32Array.of(0.1, 1 / 3, -1e-40, 3e38);
  const average = weights.slice();
  for (let i = 0; i < 100; i++) averageStep(average, weights, 0.1234);
  t.same(average, weights);
});

t.test('with warm-up the first steps count for more, as in TensorFlow', async (t) => {
  const decays = [1, 2, 10, 80, 90, 1000].map(
    (steps) => 1 - averageRate({ decay: 0.9, warmup: true }, steps),
  );
  const expected = [2 / 11, 3 / 12, 11 / 20, 81 / 90, 0.9, 0.9];
  decays.forEach((decay, i) => t.ok(Math.abs(decay - expected[i]!) < 1e-15, `${decay}`));
  t.equal(averageRate({ decay: 0.75, warmup: false }, 1), 0.25);
});
