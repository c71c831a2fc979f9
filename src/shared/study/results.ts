/** What a study comes to, as results.json holds it. */
import type { ErrorCode } from '../errors.js';
import type { SetScores } from '../evaluation/set-scores.js';
import type { Settings } from './job.js';
import type { Metric, StudyFile } from './study-schema.js';

/** The one look at the test set, by what was chosen on validation data. */
export interface TestScore {
  /** Name of the run, or of what was chosen. */
  readonly run: string;
  readonly loss: number;
  readonly accuracy: number;
  readonly weightsDigest: string | null;
}

/** One run of a study: figures are null where it failed. */
export interface RunRow {
  /** From 1, the best first; null where it failed. */
  readonly rank: number | null;
  readonly run: string;
  readonly settings: Settings;
  readonly status: 'done' | 'stopped' | 'failed';
  readonly epochs: number | null;
  readonly steps: number | null;
  readonly parameters: number | null;
  readonly validationAccuracy: number | null;
  readonly validationLoss: number | null;
  readonly trainAccuracy: number | null;
  readonly trainLoss: number | null;
  readonly weightsDigest: string | null;
  readonly trainingSeconds: number | null;
  readonly samplesPerSecond: number | null;
  readonly threads: number | null;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
}

export interface SweepResults {
  readonly kind: 'sweep';
  readonly folder: string;
  readonly search: Exclude<StudyFile['search'], 'rangeTest'>;
  readonly metric: Metric;
  /** The keys that vary. */
  readonly keys: readonly string[];
  /** The best first; failed ones last. */
  readonly runs: readonly RunRow[];
  /** Name of the best run; null where all failed. */
  readonly chosen: string | null;
  /** Its score on the test set; null where the study leaves it unseen. */
  readonly test: TestScore | null;
}

/** A learning-rate range test: losses along one run whose rate rises. */
export interface RangeTestResults {
  readonly kind: 'sweep';
  readonly folder: string;
  readonly search: 'rangeTest';
  readonly points: readonly RangePoint[];
  /** The rate at which the smoothed loss falls fastest; null where it never falls. */
  readonly steepest: number | null;
  /** The rate at which the smoothed loss is least. */
  readonly least: number | null;
  /** The first rate from which on the loss has left its least value far behind; null: none has. */
  readonly diverges: number | null;
}

export interface RangePoint {
  readonly learningRate: number;
  /** Of the step's batch, in training mode. */
  readonly loss: number;
  readonly smoothedLoss: number;
}

export interface FoldsResults {
  readonly kind: 'kfold';
  readonly folder: string;
  readonly folds: number;
  readonly split: 'plain' | 'stratified';
  /** In order of the folds. */
  readonly runs: readonly RunRow[];
  readonly accuracy: Spread;
  readonly loss: Spread;
  /** Of the fold whose model was best. */
  readonly chosen: string | null;
  readonly test: TestScore | null;
}

/** Mean and standard deviation (of the sample: divided by n − 1); null of fewer values than it takes. */
export interface Spread {
  readonly mean: number | null;
  readonly deviation: number | null;
}

export interface ScaleResults {
  readonly kind: 'scale';
  readonly folder: string;
  /** Validation accuracy to which time is counted; null where no run is done. */
  readonly target: number | null;
  readonly processors: number;
  readonly rows: readonly ScaleRow[];
  readonly runs: readonly RunRow[];
}

/** What one number of threads makes of a batch size. */
export interface ScaleRow {
  readonly run: string;
  readonly threads: number;
  readonly batchSize: number;
  readonly microBatch: number;
  readonly epochs: number;
  readonly samplesPerSecond: number;
  /** Samples a second against the run of fewest threads on the same batch. */
  readonly speedUp: number;
  /** Speed-up ÷ how many times as many threads. */
  readonly efficiency: number;
  /** What granularity allows at most, as a share of the threads' time. */
  readonly bound: number;
  readonly validationAccuracy: number;
  readonly validationLoss: number;
  /** Training time to the end of these epochs; evaluation left out. */
  readonly trainingSeconds: number;
  /** To the end of the first epoch that reaches the target; null where none does. */
  readonly secondsToTarget: number | null;
  readonly weightsDigest: string;
}

export type EnsembleMethod = 'average' | 'vote' | 'stacking';

/** Scores of predictions; `loss` is null where a true class had probability 0 (as votes may give). */
export interface CombinedScore {
  readonly accuracy: number;
  readonly loss: number | null;
}

export interface EnsembleMember {
  readonly name: string;
  readonly folder: string;
  /** How many models it is: the folds of a cross-validation, else 1. */
  readonly models: number;
  /** SHA-256 of the weights of each. */
  readonly weightsDigests: readonly string[];
  readonly parameters: number;
  /** On the samples that all members hold back; null where there are none. */
  readonly heldOut: CombinedScore | null;
  /** null where it was not asked for. */
  readonly test: CombinedScore | null;
}

export interface EnsembleResults {
  readonly kind: 'ensemble';
  readonly folder: string;
  readonly members: readonly EnsembleMember[];
  /** How many samples no member was trained on. */
  readonly heldOutSamples: number;
  readonly methods: readonly {
    readonly method: EnsembleMethod;
    /** Of stacking, with a meta-learner trained on the other samples (five folds of them). */
    readonly heldOut: CombinedScore | null;
    /** Of the chosen method; of the others null, unless they were asked for. */
    readonly test: CombinedScore | null;
  }[];
  /** The best on held-out samples, or the one that was named. */
  readonly chosen: EnsembleMethod;
  /** All scores of the chosen method on the test set; null where it was to stay unseen. */
  readonly scores: ({ readonly samples: number } & CombinedScore & SetScores) | null;
}

export type StudyResults =
  SweepResults | RangeTestResults | FoldsResults | ScaleResults | EnsembleResults;
