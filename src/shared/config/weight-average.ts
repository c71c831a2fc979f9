import type { WeightAverage } from '../numerics/weight-average.js';
import type { TrainingConfig } from './schema.js';

/** The moving average of the weights that a configuration asks for; null: none. */
export function weightAverageOf({ emaDecay, emaWarmup }: TrainingConfig): WeightAverage | null {
  return emaDecay === null ? null : { decay: emaDecay, warmup: emaWarmup };
}
