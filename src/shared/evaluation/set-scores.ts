import { calibrationOf, type Calibration } from './calibration.js';
import {
  averageScores,
  classScores,
  type AverageScores,
  type ClassScores,
} from './class-scores.js';
import { confusionMatrix, mostConfused, type ConfusionMatrix } from './confusion.js';
import type { Predictions } from './predictions.js';

export interface NamedPair {
  readonly truth: string;
  readonly predicted: string;
  readonly count: number;
  /** Share of the true class's samples. */
  readonly share: number;
}

/** All that predictions of a whole set tell about a classifier. */
export interface SetScores {
  /** In label order. */
  readonly classes: readonly ({ readonly name: string } & ClassScores)[];
  readonly averages: AverageScores;
  /** counts[truth][predicted], in label order. */
  readonly confusion: ConfusionMatrix;
  readonly mostConfused: readonly NamedPair[];
  readonly calibration: Calibration;
}

const MOST_PAIRS = 10;

/** `names`: of the classes, in label order. */
export function setScores(predictions: Predictions, names: readonly string[]): SetScores {
  const confusion = confusionMatrix(predictions);
  return {
    classes: classScores(confusion).map((scores, c) => ({ name: names[c]!, ...scores })),
    averages: averageScores(confusion),
    confusion,
    mostConfused: mostConfused(confusion, MOST_PAIRS).map((pair) => ({
      ...pair,
      truth: names[pair.truth]!,
      predicted: names[pair.predicted]!,
    })),
    calibration: calibrationOf(predictions),
  };
}
