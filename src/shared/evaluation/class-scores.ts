import { sum, type ConfusionMatrix } from './confusion.js';

/** Shares in [0, 1]; 0 where there is nothing to divide by, as in scikit-learn. */
export interface Scores {
  /** Of what was taken for the class, how much is of it. */
  readonly precision: number;
  /** Of the class, how much was found. */
  readonly recall: number;
  /** Harmonic mean of the two. */
  readonly f1: number;
}

export interface ClassScores extends Scores {
  /** Samples that are of the class. */
  readonly support: number;
}

/** Scores of all classes as one figure. */
export interface AverageScores {
  /** Over all samples alike: where each has one class, all three are the accuracy. */
  readonly micro: Scores;
  /** Over the classes that occur or were predicted, each alike. */
  readonly macro: Scores;
  /** Over the classes, each by its support. */
  readonly weighted: Scores;
}

export function classScores(matrix: ConfusionMatrix): readonly ClassScores[] {
  return matrix.map((row, c) => {
    const found = row[c]!;
    const support = sum(row);
    const taken = sum(matrix.map((each) => each[c]!));
    return {
      precision: share(found, taken),
      recall: share(found, support),
      f1: share(2 * found, taken + support),
      support,
    };
  });
}

export function averageScores(matrix: ConfusionMatrix): AverageScores {
  const classes = classScores(matrix);
  const samples = sum(classes.map(({ support }) => support));
  const accuracy = share(sum(matrix.map((row, c) => row[c]!)), samples);
  const known = classes.filter((each, c) => each.support > 0 || matrix.some((row) => row[c]! > 0));
  return {
    micro: { precision: accuracy, recall: accuracy, f1: accuracy },
    macro: mean(known, () => 1),
    weighted: mean(classes, ({ support }) => support),
  };
}

function mean(classes: readonly ClassScores[], weight: (each: ClassScores) => number): Scores {
  const all = sum(classes.map(weight));
  const of = (key: keyof Scores): number =>
    share(sum(classes.map((each) => weight(each) * each[key])), all);
  return { precision: of('precision'), recall: of('recall'), f1: of('f1') };
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
