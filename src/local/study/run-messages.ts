/** What a study and the process of one of its runs say to each other. */
import type { ErrorCode } from '../../shared/errors.js';
import type { RunSummary } from '../../shared/run-events.js';
import type { RunMessage } from '../../shared/study/study-events.js';
import type { ConfigInput } from '../../shared/config/schema.js';

export type ToRun =
  | { readonly kind: 'train'; readonly order: RunOrder }
  /** End after the step under way, with a checkpoint. */
  | { readonly kind: 'stop' };

export interface RunOrder {
  /** The run folder: gone on with where it holds this run already. */
  readonly folder: string;
  readonly config: ConfigInput;
  readonly threads: number;
}

export type FromRun = RunMessage | LastWords;

export type LastWords =
  | { readonly kind: 'done'; readonly summary: RunSummary }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };
