import { floatOfBits } from '../numerics/float-bits.js';
import { meansOf, type EvaluationSum, type StepRecord } from '../protocol/control.js';
import { VALIDATION_SET } from '../protocol/evaluated-sets.js';

/**
 * Figures that decisions may hang on, by their names in metrics.jsonl. The test set is not among
 * them: what is chosen by it says nothing of other images.
 */
export const MONITORED_METRICS = [
  'validationLoss',
  'validationAccuracy',
  'loss',
  'accuracy',
] as const;
export type MonitoredMetric = (typeof MONITORED_METRICS)[number];

/** The epoch at hand in training mode, as far as it has come: sums over samples. */
export interface EpochSums {
  readonly samples: number;
  readonly correct: number;
  /** In float64, of the steps' float32 sums, in their order. */
  readonly lossSum: number;
}

export const NO_SAMPLES: EpochSums = Object.freeze({ samples: 0, correct: 0, lossSum: 0 });

/** What a step adds. */
export function withStep(
  { samples, correct, lossSum }: EpochSums,
  { tally, lossBits }: Pick<StepRecord, 'tally' | 'lossBits'>,
): EpochSums {
  return {
    samples: samples + tally.samples,
    correct: correct + tally.correct,
    lossSum: lossSum + floatOfBits(lossBits),
  };
}

/** The monitored figure at an evaluation; null where it is not known, or is not finite. */
export function figureOf(
  metric: MonitoredMetric,
  epoch: EpochSums,
  evaluation: readonly EvaluationSum[],
): number | null {
  const value = meanOf(metric, epoch, evaluation);
  return value !== null && Number.isFinite(value) ? value : null;
}

function meanOf(
  metric: MonitoredMetric,
  { samples, correct, lossSum }: EpochSums,
  evaluation: readonly EvaluationSum[],
): number | null {
  switch (metric) {
    case 'validationLoss':
      return meansOf(evaluation, VALIDATION_SET)?.loss ?? null;
    case 'validationAccuracy':
      return meansOf(evaluation, VALIDATION_SET)?.accuracy ?? null;
    case 'loss':
      return samples === 0 ? null : lossSum / samples;
    case 'accuracy':
      return samples === 0 ? null : correct / samples;
  }
}

/**
 * Whether a figure is better than the best so far by more than `minDelta`: losses fall, accuracies
 * rise. The first one is. As Keras has it.
 */
export function isBetter(
  metric: MonitoredMetric,
  value: number,
  best: number | null,
  minDelta: number,
): boolean {
  if (best === null) return true;
  return rises(metric) ? value - minDelta > best : value < best - minDelta;
}

export function rises(metric: MonitoredMetric): boolean {
  return metric === 'accuracy' || metric === 'validationAccuracy';
}
