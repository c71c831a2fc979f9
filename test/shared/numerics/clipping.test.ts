import t from 'tap';
import { clippedGradient, normDivisor } from '#src/shared/numerics/clipping.js';

t.test('a norm above the limit is scaled down to it, by what divides the row', (t) => {
  // Sums (12, 16) of 4 samples: the mean (3, 4) has norm 5; at most 2.5.
  const divisor = normDivisor(4, 25, 2.5);
  t.equal(divisor, 8);
  t.same(
    [12, 16].map((sum) => clippedGradient(sum, { samples: divisor, limit: Infinity })),
    [1.5, 2],
  );
  t.equal(normDivisor(4, 25, 5), 4, 'a norm at the limit stays');
  t.equal(normDivisor(4, 0, 1), 4);
  t.end();
});

t.test('values are cut on both sides', (t) => {
  const at = (sum: number): number => clippedGradient(sum, { samples: 2, limit: 1.5 });
  t.same([2, 3, 4, -4, -2].map(at), [1, 1.5, 1.5, -1.5, -1]);
  t.end();
});
