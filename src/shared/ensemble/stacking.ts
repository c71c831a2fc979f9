/**
 * Stacked generalization (Wolpert, Neural Networks 5, 1992): a meta-learner over what the members
 * say, trained on samples that none of them was trained on.
 */
import { foldsOf } from '../data/folds.js';
import { sideBySide } from './combine.js';
import {
  fitLogisticRegression,
  predictLogisticRegression,
  type LogisticRegression,
} from './logistic-regression.js';

/** Of the cross-validation by which the meta-learner itself is judged. */
const FOLDS = 5;
const SEED = 0;

export function fitStacking(
  members: readonly Float32Array[],
  labels: Uint16Array,
  classes: number,
): LogisticRegression {
  return fitLogisticRegression(sideBySide(members, classes), labels, classes);
}

export function predictStacking(
  learner: LogisticRegression,
  members: readonly Float32Array[],
): Float32Array {
  return predictLogisticRegression(learner, sideBySide(members, learner.classes));
}

/**
 * What stacking says of each sample when it is trained on the others: five folds of them in turn,
 * stratified. Judged on its own training samples it would look better than it is.
 */
export function crossPredictStacking(
  members: readonly Float32Array[],
  labels: Uint16Array,
  classes: number,
): Float32Array {
  const folds = foldsOf(labels, classes, {
    folds: FOLDS,
    validationSplit: 'stratified',
    seed: SEED,
  });
  const probabilities = new Float32Array(labels.length * classes);
  for (let fold = 0; fold < FOLDS; fold++) {
    const all = Array.from(labels.keys());
    const rest = all.filter((i) => folds[i] !== fold);
    const own = all.filter((i) => folds[i] === fold);
    const of = (samples: readonly number[]): Float32Array[] =>
      members.map((member) => rowsOf(member, samples, classes));
    const learner = fitStacking(
      of(rest),
      Uint16Array.from(rest, (i) => labels[i]!),
      classes,
    );
    const said = predictStacking(learner, of(own));
    own.forEach((sample, i) => {
      probabilities.set(said.subarray(i * classes, (i + 1) * classes), sample * classes);
    });
  }
  return probabilities;
}

/** The rows of these samples: float32 [samples, classes]. */
export function rowsOf(
  probabilities: Float32Array,
  samples: ArrayLike<number>,
  classes: number,
): Float32Array {
  const rows = new Float32Array(samples.length * classes);
  for (let i = 0; i < samples.length; i++) {
    const first = samples[i]! * classes;
    rows.set(probabilities.subarray(first, first + classes), i * classes);
  }
  return rows;
}
