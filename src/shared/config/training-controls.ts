import type { MonitoredMetric } from '../controls/monitor.js';
import { TrainingControls } from '../controls/training-controls.js';
import { reductionsToFloor } from '../numerics/learning-rate.js';
import { learningRateScheduleOf } from './learning-rate.js';
import type { TrainingConfig } from './schema.js';

/** Whether a run keeps the weights of its best state beside the last ones. */
export const keepsBest = ({ keepBest, restoreBest }: TrainingConfig): boolean =>
  keepBest || restoreBest;

/** Whether samples are put aside to validate on. */
export const validates = ({ validation, folds }: TrainingConfig): boolean =>
  validation > 0 || folds !== null;

/** The figure that the best state is known by, and early stopping watches. */
export const monitorOf = (config: TrainingConfig): MonitoredMetric =>
  config.monitor ?? (validates(config) ? 'validationLoss' : 'loss');

/** Whether decisions of a run hang on its evaluations. */
export const decides = (config: TrainingConfig): boolean =>
  config.learningRateSchedule === 'plateau' ||
  config.earlyStoppingPatience !== null ||
  keepsBest(config);

/** The decisions that a configuration asks for; null where there are none. */
export function trainingControlsOf(
  config: TrainingConfig,
  stepsPerEpoch: number,
): TrainingControls | null {
  if (!decides(config)) return null;
  const { earlyStoppingPatience: patience } = config;
  const metric = monitorOf(config);
  const schedule = learningRateScheduleOf(config, stepsPerEpoch);
  return new TrainingControls({
    stepsPerEpoch,
    plateau:
      schedule.kind !== 'plateau'
        ? null
        : {
            metric: config.plateauMonitor ?? metric,
            patience: config.plateauPatience,
            minDelta: config.plateauMinDelta,
            cooldown: config.plateauCooldown,
            mostReductions: reductionsToFloor(schedule),
          },
    stopping:
      patience === null
        ? null
        : {
            metric,
            patience,
            minDelta: config.earlyStoppingMinDelta,
            fromStep: config.earlyStoppingStart * stepsPerEpoch,
          },
    best: keepsBest(config) ? metric : null,
  });
}
