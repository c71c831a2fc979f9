/** What a study tells whoever watches it. */
import type { EpochRecord, RunStart, StepRecord } from '../run-events.js';
import type { Job, Outcome } from './job.js';

export type RunMessage =
  | { readonly kind: 'started'; readonly start: RunStart }
  /** At most a few a second. */
  | { readonly kind: 'step'; readonly record: StepRecord }
  | { readonly kind: 'epoch'; readonly record: EpochRecord }
  | { readonly kind: 'notice'; readonly text: string };

export interface StudyProgress {
  /** Share of the study's work that is done, in [0, 1]. */
  readonly share: number;
  /** Runs at work now. */
  readonly running: number;
  /** null before the first epoch of this process. */
  readonly secondsLeft: number | null;
}

/** Calls return soon and never throw. */
export interface StudyObserver {
  notice(text: string): void;
  /** Once: the folder, how many runs are known to be needed, and how many of them are done. */
  began(folder: string, runs: number, done: number): void;
  runStarted(job: Job, threads: number): void;
  runMessage(job: Job, message: RunMessage): void;
  runEnded(job: Job, outcome: Outcome): void;
  progress(progress: StudyProgress): void;
}

export const SILENT_STUDY: StudyObserver = {
  notice: () => undefined,
  began: () => undefined,
  runStarted: () => undefined,
  runMessage: () => undefined,
  runEnded: () => undefined,
  progress: () => undefined,
};
