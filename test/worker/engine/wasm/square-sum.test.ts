import t from 'tap';
import { squareSum } from '#src/shared/numerics/square-sum.js';
import { GuardedVectors } from '../../../support/guarded-vectors.js';
import { KernelHarness, randomValues } from '../../../support/kernel-harness.js';

for (const build of ['plain', 'relaxed'] as const) {
  t.test(`squareSum has the bits of its twin (${build})`, async (t) => {
    const harness = await KernelHarness.create(build, 1);
    for (const length of [0, 1, 2, 3, 4, 5, 6, 7, 64, 1001]) {
      for (const [divisor, limit] of [
        [1, Infinity],
        [129, Infinity],
        [2, 0.25],
      ] as const) {
        const values = randomValues(length + 1, length);
        const vectors = new GuardedVectors(harness, [values]);
        const got = harness.kernel('squareSum')(vectors.at(0), length, divisor, limit);
        t.equal(got, squareSum(values, { samples: divisor, limit }), `${length} by ${divisor}`);
      }
    }
  });
}
