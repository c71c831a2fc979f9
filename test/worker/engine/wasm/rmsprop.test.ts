import t from 'tap';
import { rmspropStep } from '#src/shared/numerics/rmsprop.js';
import { GuardedVectors } from '../../../support/guarded-vectors.js';
import { KernelHarness, randomValues } from '../../../support/kernel-harness.js';

for (const build of ['plain', 'relaxed'] as const) {
  t.test(`rmspropStep has the bits of its twin, wherever it is cut (${build})`, async (t) => {
    const harness = await KernelHarness.create(build, 1);
    for (const length of [1, 2, 3, 4, 6, 67]) {
      for (const momentum of [0, 0.9]) {
        for (const centered of [false, true]) {
          const state = [1, 2, 3, 4, 5].map((seed) => randomValues(seed + length, length)) as [
            Float32Array,
            Float32Array,
            Float32Array,
            Float32Array,
            Float32Array,
          ];
          const [weights, row, square, velocity, mean] = state;
          square.forEach((value, i) => (square[i] = Math.abs(value)));
          const vectors = new GuardedVectors(harness, state);
          const moves = momentum > 0;
          for (let step = 0; step < 3; step++) {
            const cut = Math.floor(length / 3);
            for (const [first, end] of [
              [0, cut],
              [cut, length],
            ] as const) {
              harness.kernel('rmspropStep')(
                ...[0, 1, 2].map((i) => vectors.at(i, first)),
                moves ? vectors.at(3, first) : 0,
                centered ? vectors.at(4, first) : 0,
                end - first,
                ...[7, 0.1, 0.01, 0.9, 1e-3, momentum, 0.02],
              );
            }
            rmspropStep(weights, row, square, moves ? velocity : null, centered ? mean : null, {
              ...{ samples: 7, limit: 0.1, learningRate: 0.01, rho: 0.9, epsilon: 1e-3 },
              ...{ momentum, weightDecay: 0.02 },
            });
          }
          state.forEach((values, i) => t.same(vectors.read(i), values, `vector ${i} of ${length}`));
          t.ok(vectors.guarded(), 'nothing beside the slices is written');
        }
      }
    }
  });
}
