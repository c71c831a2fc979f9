import t from 'tap';
import { momentumTerm, power } from '#src/shared/numerics/momentum-term.js';

t.test('the terms of k micro-batches make k updates in order', async (t) => {
  const statistics = [3, -1, 4, 1, 5];
  let updated = 2;
  for (const s of statistics) updated = 0.9 * updated + (1 - 0.9) * s;
  let summed = power(0.9, 5) * 2;
  statistics.forEach((s, i) => (summed += momentumTerm(0.9, i, 5) * s));
  t.ok(Math.abs(summed - updated) < 1e-6);
});

t.test('a term is one float32, the last one 1 − ρ', async (t) => {
  t.equal(momentumTerm(0.97, 3, 4), Math.fround(1 - 0.97));
  t.equal(momentumTerm(0.97, 0, 4), Math.fround((1 - 0.97) * 0.97 * 0.97 * 0.97));
});
