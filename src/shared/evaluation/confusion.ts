import type { Predictions } from './predictions.js';

/** counts[truth][predicted]: samples of class `truth` that were taken for `predicted`. */
export type ConfusionMatrix = readonly (readonly number[])[];

export function confusionMatrix({ labels, predicted, classes }: Predictions): ConfusionMatrix {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]![predicted[i]!]! += 1;
  return counts;
}

export interface ConfusedPair {
  /** Labels of the true class and of the one that it was taken for. */
  readonly truth: number;
  readonly predicted: number;
  readonly count: number;
  /** Share of the true class's samples. */
  readonly share: number;
}

/** The most frequent mistakes, at most `most`; equals in the order of their labels. */
export function mostConfused(matrix: ConfusionMatrix, most: number): readonly ConfusedPair[] {
  return matrix
    .flatMap((row, truth) => {
      const support = sum(row);
      return row.flatMap((count, predicted) =>
        count === 0 || truth === predicted
          ? []
          : [{ truth, predicted, count, share: count / support }],
      );
    })
    .sort((a, b) => b.count - a.count || a.truth - b.truth || a.predicted - b.predicted)
    .slice(0, most);
}

export const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
