import { isBetter, type MonitoredMetric } from './monitor.js';

export interface EarlyStoppingSettings {
  readonly metric: MonitoredMetric;
  /** Evaluations without a better figure before the run ends, at least 1. */
  readonly patience: number;
  readonly minDelta: number;
  /** Evaluations of the first so many steps do not count. */
  readonly fromStep: number;
}

export interface EarlyStoppingState {
  readonly best: number | null;
  /** Evaluations since the best. */
  readonly wait: number;
}

export const NOT_STOPPING: EarlyStoppingState = Object.freeze({ best: null, wait: 0 });

/**
 * What an evaluation makes of it: Keras's EarlyStopping. A figure that is not known counts as one
 * that is not better.
 */
export function advanceEarlyStopping(
  { best, wait }: EarlyStoppingState,
  { metric, minDelta }: EarlyStoppingSettings,
  value: number | null,
): EarlyStoppingState {
  return value !== null && isBetter(metric, value, best, minDelta)
    ? { best: value, wait: 0 }
    : { best, wait: wait + 1 };
}
