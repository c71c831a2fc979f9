import t from 'tap';
import { additions } from '#src/shared/numerics/reduction-tree.js';
import { NO_SAMPLES } from '#src/shared/controls/monitor.js';
import { NO_PLATEAU } from '#src/shared/controls/plateau.js';
import type { Standing } from '#src/shared/controls/standing.js';
import type { Decisions } from '#src/shared/controls/training-controls.js';
import type { Schedule } from '#src/shared/protocol/schedule.js';
import { judge } from './judge.js';
import { chaos, type Scenario } from './scenario.js';

/**
 * The machines with one thing broken. A simulator that does not notice is worth nothing: each of
 * these must be caught, by schedules that the sound machines get through.
 */
const MUTANTS: Readonly<Record<string, Partial<Scenario>>> = {
  'A frame is taken although its checksum is wrong': {
    memberRules: { intact: () => true },
  },
  'A frame of another lineage is taken': {
    memberRules: { ofLineage: () => true },
  },
  'A gradient is released before it is stable': {
    memberRules: { releasable: () => true },
  },
  'A coordinator of an old term is obeyed': {
    memberRules: { obeys: () => true },
    takeover: { at: 20, wakesAt: 170 },
  },
  'A micro-batch is added twice': {
    memberRules: {
      additions: (held, target) => {
        const list = additions(held, target);
        const [first] = list ?? [];
        if (list === null || first === undefined) return list;
        return [...list, { left: target, right: first.left, sum: target }];
      },
    },
  },
  'The short micro-batch at the end of an epoch is dropped': {
    distort: (schedule) => withMicroBatches(schedule, (count) => Math.max(1, count - 1)),
  },
  'A step forgets how long the plateau has lasted': {
    distort: (schedule) =>
      withStandingAfter(schedule, (standing) => ({ ...standing, plateau: NO_PLATEAU })),
  },
  'A step forgets the figures of the epoch': {
    distort: (schedule) =>
      withStandingAfter(schedule, (standing) => ({ ...standing, epoch: NO_SAMPLES })),
  },
  'A step forgets which state was the best': {
    distort: (schedule) => withStandingAfter(schedule, (standing) => ({ ...standing, best: null })),
  },
  'A run that is to stop early goes on': {
    distort: (schedule) => ({
      ...schedule,
      controls: schedule.controls && { ...bound(schedule.controls), stops: () => false },
    }),
  },
  'Members are allowed two steps ahead': {
    coordinatorRules: { grantLimit: (stable) => stable + 2 },
  },
  'A change of view forgets the gradients that are not stable': {
    memberRules: { keptAfterView: () => new Map() },
  },
};

const MOST_SCHEDULES = 300;

for (const [title, broken] of Object.entries(MUTANTS)) {
  t.test(`${title}: the simulator notices`, (t) => {
    const { takeover = null } = broken;
    const sound = takeover === null ? {} : { takeover };
    for (let seed = 1; seed <= MOST_SCHEDULES; seed++) {
      const { violation } = judge({ ...chaos(seed), ...broken });
      if (violation === null) continue;
      t.comment(`schedule ${seed}: ${violation}`);
      t.equal(
        judge({ ...chaos(seed), ...sound }).violation,
        null,
        'the sound machines get through that schedule',
      );
      t.end();
      return;
    }
    t.fail(`not noticed in ${MOST_SCHEDULES} schedules`);
    t.end();
  });
}

function bound(controls: Decisions): Decisions {
  return {
    first: controls.first,
    afterStep: (standing, record) => controls.afterStep(standing, record),
    afterEvaluation: (standing, applied, sums) => controls.afterEvaluation(standing, applied, sums),
    stops: (standing) => controls.stops(standing),
  };
}

function withStandingAfter(schedule: Schedule, change: (standing: Standing) => Standing): Schedule {
  const { controls } = schedule;
  if (controls === null) return schedule;
  const afterStep: Decisions['afterStep'] = (standing, record) =>
    change(controls.afterStep(standing, record));
  return { ...schedule, controls: { ...bound(controls), afterStep } };
}

function withMicroBatches(schedule: Schedule, change: (count: number) => number): Schedule {
  return {
    ...schedule,
    step: (step) => {
      const plan = schedule.step(step);
      return { ...plan, microBatches: change(plan.microBatches) };
    },
    learningRateBits: (step, standing) => schedule.learningRateBits(step, standing),
    evaluation: (applied, which) => schedule.evaluation(applied, which),
  };
}
