import t from 'tap';
import { BiasCorrection } from '#src/shared/numerics/optimizer-settings.js';
import { adamStep, movingStatisticsStep, sgdStep } from '#src/shared/numerics/optimizer.js';
import { TINY_MOMENT } from '#src/shared/numerics/tiny-moment.js';
import type { KernelBuild } from '#src/worker/engine/wasm/module.js';
import { KernelHarness, randomValues } from '../../../support/kernel-harness.js';
import { GuardedVectors } from '../../../support/guarded-vectors.js';

const BUILDS: readonly KernelBuild[] = ['plain', 'relaxed'];

for (const build of BUILDS) {
  for (const amsgrad of [false, true]) {
    t.test(`adamStep has the bits of its twin (${build}, AMSGrad ${amsgrad})`, async (t) => {
      const harness = await KernelHarness.create(build, 1);
      for (const length of [1, 2, 3, 4, 5, 7, 64, 1001]) {
        for (const [weightDecay, keep, limit] of [
          [0, 1, Infinity],
          [0.01, 1, 0.3],
          [0, 0.99, Infinity],
        ] as const) {
          const settings = { beta1: 0.9, beta2: 0.999 };
          const state = [1, 2, 3, 4, 5].map((seed) => randomValues(seed + length, length));
          const [weights, row, m, v, vMax] = state as [
            Float32Array,
            Float32Array,
            Float32Array,
            Float32Array,
            Float32Array,
          ];
          v.forEach((value, i) => (v[i] = Math.abs(value)));
          vMax.forEach((value, i) => (vMax[i] = Math.abs(value)));
          row.forEach((value, i) => (row[i] = value * 100));
          const vectors = new GuardedVectors(harness, state);
          const corrections = [new BiasCorrection(0.9), new BiasCorrection(0.999)] as const;
          for (let step = 0; step < 3; step++) {
            const correction1 = corrections[0].after(step + 1);
            const correction2 = corrections[1].after(step + 1);
            const options = {
              ...settings,
              samples: 129,
              limit,
              learningRate: 0.001,
              epsilon: 1e-8,
              correction1,
              correction2,
              weightDecay,
              keep,
            };
            // In two slices, cut where no vector of four ends.
            const cut = Math.floor(length / 3);
            for (const [first, end] of [
              [0, cut],
              [cut, length],
            ] as const) {
              harness.kernel('adamStep')(
                ...[0, 1, 2, 3].map((i) => vectors.at(i, first)),
                amsgrad ? vectors.at(4, first) : 0,
                end - first,
                129,
                limit,
                0.001,
                0.9,
                0.999,
                1e-8,
                correction1,
                correction2,
                weightDecay,
                keep,
              );
            }
            adamStep(weights, row, m, v, amsgrad ? vMax : null, options);
          }
          state.forEach((values, i) => t.same(vectors.read(i), values, `vector ${i} of ${length}`));
          t.ok(vectors.guarded(), 'nothing beside the slices is written');
        }
      }
    });
  }

  t.test(`sgdStep has the bits of its twin (${build})`, async (t) => {
    const harness = await KernelHarness.create(build, 1);
    for (const length of [1, 3, 4, 6, 67]) {
      for (const [momentum, nesterov] of [
        [0, false],
        [0.9, false],
        [0.9, true],
      ] as const) {
        const state = [1, 2, 3].map((seed) => randomValues(seed + length, length));
        const [weights, row, velocity] = state as [Float32Array, Float32Array, Float32Array];
        const vectors = new GuardedVectors(harness, state);
        const limit = nesterov ? 0.05 : Infinity;
        const rule = { learningRate: 0.1, momentum, nesterov, weightDecay: 0.01 };
        const options = { samples: 7, limit, ...rule };
        const velocityAt = momentum > 0 ? vectors.at(2) : 0;
        for (let step = 0; step < 2; step++) {
          harness.kernel('sgdStep')(
            vectors.at(0),
            vectors.at(1),
            velocityAt,
            length,
            7,
            limit,
            0.1,
            momentum,
            +nesterov,
            0.01,
          );
          sgdStep(weights, row, momentum > 0 ? velocity : null, options);
        }
        state.forEach((values, i) => t.same(vectors.read(i), values));
        t.ok(vectors.guarded());
      }
    }
  });

  t.test(`movingStatisticsStep has the bits of its twin (${build})`, async (t) => {
    const harness = await KernelHarness.create(build, 1);
    const state = [randomValues(1, 13), randomValues(2, 13)] as const;
    const vectors = new GuardedVectors(harness, state);
    harness.kernel('movingStatisticsStep')(vectors.at(0), vectors.at(1), 13, 0.729);
    movingStatisticsStep(state[0], state[1], 0.729);
    t.same(vectors.read(0), state[0]);
    t.same(vectors.read(1), state[1]);
    t.ok(vectors.guarded());
  });

  t.test(`moments too small to matter become 0 (${build})`, async (t) => {
    const harness = await KernelHarness.create(build, 1);
    const small = Math.fround(TINY_MOMENT * 0.99);
    const vectors = new GuardedVectors(harness, [
      new Float32Array(5).fill(1),
      new Float32Array(5),
      Float32Array.of(small, -small, small * 1.2, 1e-40, 0),
      Float32Array.of(small, small, small * 1.2, 1e-40, 0),
    ]);
    const at = [0, 1, 2, 3].map((i) => vectors.at(i));
    harness.kernel('adamStep')(...at, 0, 5, 1, Infinity, 0.001, 0.9, 0.999, 1e-8, 1, 1, 0, 1);
    // 1.2 · 0.99 · 2^-100 is above after ·0.999, and below… ·0.9 leaves 1.069 · 2^-100.
    t.same(
      [...vectors.read(2)].map((v) => v !== 0),
      [false, false, true, false, false],
    );
    t.same(
      [...vectors.read(3)].map((v) => v !== 0),
      [false, false, true, false, false],
    );
    t.same([...vectors.read(0)].slice(3), [1, 1], 'a zero gradient moves nothing');
  });
}
