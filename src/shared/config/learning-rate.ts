import type { LearningRateSchedule } from '../numerics/learning-rate.js';
import { lastStep } from './schedule.js';
import type { TrainingConfig } from './schema.js';

/** Schedules that come to an end with the run, so that the end cannot be moved later. */
export const ENDING_SCHEDULES: readonly TrainingConfig['learningRateSchedule'][] = [
  'cosine',
  'oneCycle',
  'linearRange',
  'logRange',
];

/** The learning-rate schedule that a configuration asks for, in steps. */
export function learningRateScheduleOf(
  config: TrainingConfig,
  stepsPerEpoch: number,
): LearningRateSchedule {
  const { learningRate, batchSize, scalingBatch } = config;
  const steps = (epochs: number): number => Math.round(epochs * stepsPerEpoch);
  // Goyal et al. 2017: the rate grows with the batch, and warm-up starts from the rate unscaled.
  const peak = scalingBatch === null ? learningRate : learningRate * (batchSize / scalingBatch);
  return {
    kind: config.learningRateSchedule,
    peak,
    warmupSteps: steps(config.warmupEpochs),
    warmupFrom: peak > learningRate ? learningRate : 0,
    totalSteps: lastStep(config, stepsPerEpoch),
    decaySteps: Math.max(1, steps(config.decayEpochs)),
    decayRate: config.decayRate,
    floor: config.minLearningRate,
    plateauFactor: config.plateauFactor,
  };
}
