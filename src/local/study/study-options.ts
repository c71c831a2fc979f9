import type { DataProgress } from '../../shared/data/data-progress.js';
import { LockstepError } from '../../shared/errors.js';
import { configError } from '../../shared/config/faults.js';
import { parseKeys } from '../../shared/config/parse.js';
import type { ConfigInput, ConfigKey } from '../../shared/config/schema.js';
import { resolve } from 'node:path';
import { loadDataset } from '../../coordinator/data/load-dataset.js';
import { SILENT_STUDY, type StudyObserver } from '../../shared/study/study-events.js';
import type { StudyPlan } from '../../shared/study/job.js';
import { execute } from './execute.js';
import { StudyFolder, type Definition } from './study-folder.js';

/** How a study is carried out; none of it decides what comes out. */
export interface StudyOptions {
  /** The study's folder: made, or gone on with where it holds the same study. */
  readonly out: string;
  /** Runs side by side at most; if left out, as many as there are processors. */
  readonly parallel?: number;
  /** Compute threads of each run; if left out, the processors divided among those side by side. */
  readonly threads?: number;
  /** Try runs again that failed before. */
  readonly retryFailed?: boolean;
  readonly observer?: StudyObserver;
  /** Aborted: the runs under way end with a checkpoint, and the study by RUN_INTERRUPTED. */
  readonly signal?: AbortSignal;
  /** Told how fetching a data set goes on. */
  readonly onDataProgress?: ((progress: DataProgress) => void) | undefined;
}

/** These belong to one run, or to the command. */
const NOT_SHARED = ['out', 'resume', 'threads', 'quiet', 'json', 'dryRun'] as const;

/** Checks what all runs of a study share. @throws LockstepError CONFIG_INVALID */
export function sharedConfig(input: object, extra: readonly ConfigKey[] = []): ConfigInput {
  const { values, faults } = parseKeys(input, (key) => key);
  const own = [...NOT_SHARED, ...extra].filter((key) => values[key] !== undefined);
  const refused = own.map((path) => ({
    path,
    message: 'is for the study to decide: leave it out',
  }));
  if (faults.length + refused.length > 0) throw configError([...faults, ...refused]);
  return values;
}

/**
 * Opens the folder, carries the plan out, and hands the folder to `conclude`. The data set is
 * fetched and decoded here, once, before any run asks for it.
 */
export async function inStudyFolder<Result>(
  definition: Definition & { readonly base: ConfigInput },
  plan: StudyPlan,
  options: StudyOptions,
  conclude: (folder: StudyFolder) => Promise<Result>,
): Promise<Result> {
  const { observer = SILENT_STUDY, signal } = options;
  const onNotice = observer.notice.bind(observer);
  const path = resolve(options.out);
  const folder = await StudyFolder.open(path, definition, onNotice);
  try {
    if (options.retryFailed === true) await folder.forgetFailures();
    const known = plan.jobs(folder.outcomes);
    const done = known.filter(({ id }) => folder.outcomes.has(id)).length;
    observer.began(path, known.length, done);
    if (done < known.length) {
      const { data } = definition.base;
      const { onDataProgress: onProgress } = options;
      await loadDataset({ onNotice, ...(onProgress && { onProgress }), data: data ?? undefined });
      refuseIfAborted(signal, path);
    }
    await execute(plan, folder, {
      parallel: options.parallel ?? null,
      threads: options.threads ?? null,
      observer,
      signal,
    });
    return await conclude(folder);
  } finally {
    await folder.close();
  }
}

function refuseIfAborted(signal: AbortSignal | undefined, folder: string): void {
  if (signal?.aborted !== true) return;
  throw new LockstepError('RUN_INTERRUPTED', 'The study was ended before its first run.', {
    hint: 'Start the same command again.',
    where: { folder },
  });
}
