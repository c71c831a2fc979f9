/** All that a page tells of a study: its results, and how its runs went. */
import type { SetEvaluation } from '../shared/run-reports.js';
import type { SetScores } from '../shared/evaluation/set-scores.js';
import type { StudyResults } from '../shared/study/results.js';
import type { EpochPoint } from './run-report.js';

export interface StudyReport {
  readonly name: string;
  readonly results: StudyResults;
  /** study.json. */
  readonly definition: Readonly<Record<string, unknown>>;
  /** Of each run that has epochs, by its name. */
  readonly epochs: ReadonlyMap<string, readonly EpochPoint[]>;
  /** Of each run: seconds of training and accuracy on validation data, at the end of each epoch. */
  readonly accuracyByTime: ReadonlyMap<string, readonly (readonly [number, number])[]>;
  /** Of a cross-validation: each sample as the model of its fold says; else null. */
  readonly heldOut: (SetScores & Pick<SetEvaluation, 'samples'>) | null;
}
