import t from 'tap';
import { averageStep } from '#src/shared/numerics/weight-average.js';
import { KernelHarness, randomValues } from '../../../support/kernel-harness.js';
import { GuardedVectors } from '../../../support/guarded-vectors.js';

for (const build of ['plain', 'relaxed'] as const) {
  t.test(`averageStep has the bits of its twin (${build})`, async (t) => {
    const harness = await KernelHarness.create(build, 1);
    for (const length of [1, 2, 3, 4, 5, 7, 64, 1001]) {
      const state = [1, 2].map((seed) => randomValues(seed + length, length));
      const [average, weights] = state as [Float32Array, Float32Array];
      const vectors = new GuardedVectors(harness, state);
      for (const rate of [0.1, 0.001, 1 / 3]) {
        // In two slices, cut where no vector of four ends.
        const cut = Math.floor(length / 3);
        for (const [first, end] of [
          [0, cut],
          [cut, length],
        ] as const) {
          const places = [vectors.at(0, first), vectors.at(1, first)];
          harness.kernel('averageStep')(...places, end - first, rate);
        }
        averageStep(average, weights, rate);
      }
      state.forEach((values, i) => t.same(vectors.read(i), values, `vector ${i} of ${length}`));
      t.ok(vectors.guarded(), 'nothing beside the slices is written');
    }
  });
}
