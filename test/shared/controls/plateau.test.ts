import t from 'tap';
import { advancePlateau, NO_PLATEAU, type PlateauSettings } from '#src/shared/controls/plateau.js';
import { learningRateAt, reductionsToFloor } from '#src/shared/numerics/learning-rate.js';

const base: PlateauSettings = {
  metric: 'validationLoss',
  patience: 2,
  minDelta: 0.01,
  cooldown: 0,
  mostReductions: Infinity,
};

/** How often the rate has fallen after each of these figures. */
function reductions(
  settings: Partial<PlateauSettings>,
  figures: readonly (number | null)[],
): readonly number[] {
  let state = NO_PLATEAU;
  return figures.map((figure) => {
    state = advancePlateau(state, { ...base, ...settings }, figure);
    return state.reductions;
  });
}

t.test('the rate falls after so many figures that were no better by minDelta', async (t) => {
  // 0.995 is not better than 1 by 0.01, nor is 0.99, which is so by exactly as much.
  t.same(reductions({}, [1, 0.995, 0.99, 0.98, 0.99, 0.985]), [0, 0, 1, 1, 1, 2]);
  t.same(reductions({ minDelta: 0 }, [1, 0.995, 0.99, 0.98]), [0, 0, 0, 0]);
  t.same(reductions({ patience: 1 }, [1, 1, 1, 0.5, 1]), [0, 1, 2, 2, 3]);
});

t.test('an accuracy is better where it is higher', async (t) => {
  const rising = { metric: 'validationAccuracy', minDelta: 0 } as const;
  t.same(reductions(rising, [0.8, 0.7, 0.81, 0.81, 0.81]), [0, 0, 0, 0, 1]);
});

t.test('figures in the cooldown do not count, and a better one among them does', async (t) => {
  // Fall at the third; two that do not count; two that do.
  t.same(reductions({ cooldown: 2 }, [1, 1, 1, 1, 1, 1, 1]), [0, 0, 1, 1, 1, 1, 2]);
  // 0.5 in the cooldown is the best from then on: 0.7 is not better.
  t.same(reductions({ cooldown: 1 }, [1, 1, 1, 0.5, 0.7, 0.7]), [0, 0, 1, 1, 1, 2]);
});

t.test('a figure that is not known counts as one that is not better', async (t) => {
  t.same(reductions({}, [null, null, 1, null, null]), [0, 1, 1, 1, 2]);
});

t.test('the rate falls to its floor and no further, and neither does the count', async (t) => {
  const schedule = {
    ...({ kind: 'plateau', peak: 0.8, plateauFactor: 0.25, floor: 0.03 } as const),
    ...{ warmupSteps: 2, warmupFrom: 0, totalSteps: 100, decaySteps: 1, decayRate: 1 },
  };
  t.same(
    [0, 1, 2, 3].map((falls) => learningRateAt(schedule, 10, falls)),
    [0.8, 0.2, 0.05, 0.03],
  );
  t.same(
    [0, 1, 2].map((step) => learningRateAt(schedule, step, 1)),
    [0.4, 0.8, 0.2],
    'after warm-up',
  );
  t.equal(reductionsToFloor(schedule), 3);
  t.equal(reductionsToFloor({ ...schedule, floor: 0 }), Infinity);
  t.equal(reductionsToFloor({ ...schedule, floor: 0.8 }), 0);
  const stuck = [1, 1, 1, 1, 1];
  t.same(reductions({ patience: 1, mostReductions: 3 }, stuck), [0, 1, 2, 3, 3]);
});
