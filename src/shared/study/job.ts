/** What a study consists of: trainings, and what came of each. */
import type { ConfigInput } from '../config/schema.js';
import type { ErrorCode } from '../errors.js';
import type { Scalar } from './study-schema.js';

/** The keys in which a run differs from the others of its study. */
export type Settings = Readonly<Record<string, Scalar>>;

/** One training, from nothing or on from where its folder stands. */
export interface Job {
  /** Unique in the study, and the same whenever the study is planned. */
  readonly id: string;
  /** Name of the run folder. */
  readonly run: string;
  /** What several jobs are about, where one run is trained in several goes. */
  readonly candidate: string;
  readonly settings: Settings;
  /** Complete, but for where it lies and who computes it. */
  readonly config: ConfigInput;
  /** Its share of the study's work: epochs, or 1 where the end is given in steps. */
  readonly work: number;
  /** Compute threads; null: as many as are free. */
  readonly threads: number | null;
}

/** Figures of a finished run, as its summary has them, and how long its steps took. */
export interface DoneOutcome {
  readonly kind: 'done';
  readonly steps: number;
  readonly epochs: number;
  readonly parameters: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  /** null where the study needs no samples to validate on. */
  readonly validationLoss: number | null;
  readonly validationAccuracy: number | null;
  readonly weightsDigest: string;
  /** Compute threads of its last process. */
  readonly threads: number;
  /** Of all optimizer steps, those before an interruption included. */
  readonly trainingSeconds: number;
  readonly samplesPerSecond: number;
}

export interface FailedOutcome {
  readonly kind: 'failed';
  readonly code: ErrorCode;
  readonly message: string;
}

export type Outcome = DoneOutcome | FailedOutcome;
/** By the id of the job. */
export type Outcomes = ReadonlyMap<string, Outcome>;

export interface StudyPlan {
  /** The jobs that are known to be needed once these outcomes are there, finished ones too. */
  jobs(outcomes: Outcomes): readonly Job[];
  /** Of all jobs together, also of those that are not known yet. */
  readonly work: number;
}

/** A plan that does not depend on what comes out. */
export const fixedPlan = (jobs: readonly Job[]): StudyPlan => ({
  jobs: () => jobs,
  work: jobs.reduce((sum, { work }) => sum + work, 0),
});

/** `learningRate 0.01, batchSize 64` */
export function describeSettings(settings: Settings): string {
  const parts = Object.entries(settings).map(([key, value]) => `${key} ${String(value)}`);
  return parts.length === 0 ? 'as configured' : parts.join(', ');
}
