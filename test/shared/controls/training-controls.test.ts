import t from 'tap';
import { figureOf } from '#src/shared/controls/monitor.js';
import { standingIn, withStanding, type Standing } from '#src/shared/controls/standing.js';
import { TrainingControls, type ControlSettings } from '#src/shared/controls/training-controls.js';
import { floatBits } from '#src/shared/numerics/float-bits.js';

const none: ControlSettings = { stepsPerEpoch: 2, plateau: null, stopping: null, best: null };

/** A validation set of 4 samples with this mean loss, and so many of them right. */
const validation = (loss: number, correct = 0) => [
  { set: 'validation', samples: 4, lossSum: 4 * loss, correct },
];
const step = (index: number, samples: number, lossSum: number, correct: number) => ({
  ...{ step: index, lossBits: floatBits(lossSum) },
  tally: { samples, correct, hash: 0n },
});

/** Epochs of two steps, each ending with this loss on the validation set: where it stops, and what is best. */
function run(settings: Partial<ControlSettings>, losses: readonly number[]) {
  const controls = new TrainingControls({ ...none, ...settings });
  let standing: Standing = controls.first;
  for (const [epoch, loss] of losses.entries()) {
    standing = controls.afterStep(standing, step(2 * epoch, 8, 4, 2));
    standing = controls.afterStep(standing, step(2 * epoch + 1, 4, 2, 1));
    standing = controls.afterEvaluation(standing, 2 * epoch + 2, validation(loss));
    if (controls.stops(standing)) return { stopped: epoch + 1, best: standing.best };
  }
  return { stopped: null, best: standing.best };
}

const stopping = { metric: 'validationLoss', patience: 2, minDelta: 0, fromStep: 0 } as const;

t.test('training stops after so many evaluations that were no better than the best', async (t) => {
  t.equal(run({ stopping }, [5, 4, 4, 3, 3, 3.5, 1]).stopped, 6);
  t.equal(run({ stopping: { ...stopping, patience: 1 } }, [5, 4, 4, 3]).stopped, 3);
  t.equal(run({ stopping }, [5, 4, 3, 2, 1]).stopped, null);
  const demanding = { ...stopping, minDelta: 0.5 };
  t.equal(run({ stopping: demanding }, [5, 4.75, 4.5, 1]).stopped, 3, 'better by too little');
  t.equal(run({ stopping: demanding }, [5, 4.75, 4.25, 4, 3.75]).stopped, 5);
});

t.test('the first evaluations may be left out', async (t) => {
  t.equal(run({ stopping: { ...stopping, fromStep: 4 } }, [1, 1, 5, 5, 5]).stopped, 5);
  t.equal(run({ stopping: { ...stopping, fromStep: 4 } }, [1, 1, 5, 4, 3]).stopped, null);
});

t.test('the best state is that of the best figure, the first of equals', async (t) => {
  t.same(run({ best: 'validationLoss' }, [5, 3, 4, 3]).best, { step: 4, value: 3 });
  // Better by less than early stopping asks for is better all the same.
  const both = { best: 'validationLoss', stopping: { ...stopping, minDelta: 0.5 } } as const;
  t.same(run(both, [5, 4.75, 4.8]).best, { step: 4, value: 4.75 });
  t.equal(run({ stopping }, [5, 3]).best, null, 'where nobody wants it');
});

t.test(
  'figures of training are means over the samples of the epoch, and of no other',
  async (t) => {
    const controls = new TrainingControls({ ...none, best: 'loss' });
    let standing: Standing = controls.first;
    const means: (number | null)[] = [];
    for (const [i, [samples, lossSum, correct]] of [
      [8, 4, 2],
      [4, 5, 1],
      [8, 1.5, 6],
      [2, 1, 2],
    ].entries()) {
      standing = controls.afterStep(standing, step(i, samples!, lossSum!, correct!));
      means.push(figureOf('loss', standing.epoch, []), figureOf('accuracy', standing.epoch, []));
    }
    t.same(means, [4 / 8, 2 / 8, 9 / 12, 3 / 12, 1.5 / 8, 6 / 8, 2.5 / 10, 8 / 10]);
    t.equal(controls.afterEvaluation(standing, 4, []), standing, 'nothing is decided between');
    t.same(controls.afterEvaluation(standing, 4, validation(1)).best, { step: 4, value: 0.25 });
  },
);

t.test(
  'a figure of the validation set is its mean; unknown without it, or not finite',
  async (t) => {
    const epoch = { samples: 0, correct: 0, lossSum: 0 };
    t.equal(figureOf('validationLoss', epoch, validation(0.625)), 0.625);
    t.equal(figureOf('validationAccuracy', epoch, validation(1, 3)), 0.75);
    t.equal(figureOf('validationLoss', epoch, [{ ...validation(1)[0]!, set: 'test' }]), null);
    t.equal(figureOf('validationLoss', epoch, validation(NaN)), null);
    t.equal(figureOf('validationLoss', epoch, validation(Infinity)), null);
    t.equal(figureOf('loss', epoch, []), null);
    t.equal(run({ stopping }, [NaN, Infinity, NaN]).stopped, 2, 'and no better than any');
  },
);

t.test('a standing lies in a state as the same bytes, and comes out of it', async (t) => {
  const weights = new Map([['weights', Uint8Array.of(1, 2, 3, 4)]]);
  const standing: Standing = {
    epoch: { samples: 12, correct: 3, lossSum: 9.000000000000002 },
    plateau: { best: 0.1, wait: 1, cooldown: 2, reductions: 3 },
    stopping: { best: null, wait: 4 },
    best: { step: 6, value: 1e-7 },
  };
  const state = withStanding(weights, standing);
  t.same([...state.keys()], ['weights', 'standing']);
  t.strictSame(standingIn(state), standing);
  const { best, stopping: stops, plateau, epoch } = standing;
  t.same(withStanding(weights, { best, stopping: stops, plateau, epoch }), state, 'in one order');
  t.equal(withStanding(weights, null), weights);
  t.equal(standingIn(weights), null);
  const torn = new Map(state).set('standing', state.get('standing')!.slice(1));
  t.throws(() => standingIn(torn), { code: 'TRAINER_STATE_MISMATCH' });
});
