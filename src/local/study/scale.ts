import { availableParallelism } from 'node:os';
import { readMetrics } from '../../coordinator/run-folder/metrics-reader.js';
import { readRunSummary } from '../../coordinator/run-folder/run-folder.js';
import { configError } from '../../shared/config/faults.js';
import type { ConfigInput } from '../../shared/config/schema.js';
import type { ScaleResults, ScaleRow } from '../../shared/study/results.js';
import { csv } from '../../shared/study/csv.js';
import { runRow } from '../../shared/study/rows.js';
import {
  scaleJobs,
  scalePlan,
  type ScaleJob,
  type ScaleWish,
} from '../../shared/study/scale-plan.js';
import { commonTarget, scaleRows, type MeasuredRun } from '../../shared/study/scale-rows.js';
import { ENGINES } from '../../worker/engine/select.js';
import type { StudyFolder } from './study-folder.js';
import { inStudyFolder, sharedConfig, type StudyOptions } from './study-options.js';

export interface ScaleInput extends ScaleWish {
  /** What all runs share: keys of the configuration, but `batchSize`, `epochs` and `steps`. */
  readonly config: ConfigInput;
  /** Validation accuracy, in (0, 1], to which time is counted; null: one that all runs reach. */
  readonly target?: number | null;
}

/**
 * Measures this machine: each number of threads on each batch size, one run after another. Goes on
 * where the folder `options.out` holds the same study.
 * @throws LockstepError CONFIG_INVALID, CONFIG_STUDY_DIFFERS, RUN_INTERRUPTED, DATA_* …
 */
export async function scale(
  { config, threads, batch, epochs, target = null }: ScaleInput,
  options: Omit<StudyOptions, 'parallel' | 'threads'>,
): Promise<ScaleResults> {
  if (target !== null && !(target > 0 && target <= 1)) {
    const message = `expected a share above 0, at most 1; got ${String(target)}`;
    throw configError([{ path: 'target', message }]);
  }
  const base = sharedConfig(config, ['batchSize', 'epochs', 'steps', 'folds', 'fold']);
  const jobs = scaleJobs(base, { threads, batch, epochs });
  const definition = { kind: 'scale', base, threads, batch, epochs, target } as const;
  // Side by side they would measure each other.
  const alone = { ...options, parallel: 1 };
  return inStudyFolder(definition, scalePlan(jobs), alone, (folder) =>
    conclude(folder, jobs, target),
  );
}

async function conclude(
  folder: StudyFolder,
  jobs: readonly ScaleJob[],
  wanted: number | null,
): Promise<ScaleResults> {
  const { outcomes } = folder;
  const measured: MeasuredRun[] = [];
  for (const job of jobs) {
    const outcome = outcomes.get(job.id)!;
    if (outcome.kind === 'failed') continue;
    const path = folder.runPath(job.run);
    const { engine } = (await readRunSummary(path))!;
    const shares = ENGINES.some((each) => each.name === engine && each.sharesMicroBatches);
    const { weightsDigest } = outcome;
    measured.push({ job, metrics: await readMetrics(path), weightsDigest, shares });
  }
  const target = wanted ?? commonTarget(measured);
  const results: ScaleResults = {
    kind: 'scale',
    folder: folder.path,
    target,
    processors: availableParallelism(),
    rows: scaleRows(measured, target),
    runs: jobs.map((job) => {
      const outcome = outcomes.get(job.id)!;
      return runRow(job, outcome, null, outcome.kind);
    }),
  };
  await folder.writeResults(results, scaleCsv(results.rows));
  return results;
}

const COLUMNS: readonly (keyof ScaleRow)[] = [
  ...(['run', 'threads', 'batchSize', 'microBatch', 'epochs', 'samplesPerSecond'] as const),
  ...(['speedUp', 'efficiency', 'bound', 'validationAccuracy', 'validationLoss'] as const),
  ...(['trainingSeconds', 'secondsToTarget', 'weightsDigest'] as const),
];

const scaleCsv = (rows: readonly ScaleRow[]): string =>
  csv([COLUMNS, ...rows.map((row) => COLUMNS.map((column) => row[column]))]);
