import type { Decided } from '../coordinator/machine/state.js';
import { learningRateScheduleOf } from '../shared/config/learning-rate.js';
import type { TrainingConfig } from '../shared/config/schema.js';
import { monitorOf, trainingControlsOf } from '../shared/config/training-controls.js';
import { formatFixed } from '../shared/format.js';
import { learningRateAt } from '../shared/numerics/learning-rate.js';

/** What people should know of what an evaluation has decided: a line for each change of course. */
export function decisionTeller(
  config: TrainingConfig,
  stepsPerEpoch: number,
): (decided: Decided) => readonly string[] {
  const controls = trainingControlsOf(config, stepsPerEpoch);
  const schedule = learningRateScheduleOf(config, stepsPerEpoch);
  const metric = monitorOf(config);
  return ({ before, after }) => {
    if (controls === null || before === null || after === null) return [];
    const { reductions } = after.plateau;
    const ends = controls.stops(after);
    const falls = reductions > before.plateau.reductions && !ends;
    // The rate after warm-up: a fall within it shows later.
    const rate = learningRateAt(schedule, schedule.warmupSteps, reductions);
    const none = (patience: number): string =>
      patience === 1 ? 'at the last evaluation' : `at ${patience} evaluations`;
    return [
      ...(falls
        ? [
            `The learning rate falls to ${Number(rate.toPrecision(4))}: ${config.plateauMonitor ?? metric} was no better ${none(config.plateauPatience)}.`,
          ]
        : []),
      ...(ends
        ? [
            `Training stops early: ${metric} was no better ${none(after.stopping.wait)} than ${best(after.stopping.best)}.`,
          ]
        : []),
    ];
  };
}

const best = (value: number | null): string => (value === null ? 'none' : formatFixed(value));
