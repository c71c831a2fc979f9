/** The table of a study's runs, and the same as CSV. */
import { compareOutcomes } from './choice.js';
import { csv } from './csv.js';
import type { Job, Outcome, Outcomes } from './job.js';
import type { RunRow } from './results.js';
import type { Metric, Scalar } from './study-schema.js';

/** Figures of one run. `rank`: null where it has none. */
export function runRow(
  job: Job,
  outcome: Outcome,
  rank: number | null,
  status: RunRow['status'],
): RunRow {
  const done = outcome.kind === 'done' ? outcome : null;
  return {
    rank,
    run: job.run,
    settings: job.settings,
    status,
    epochs: done?.epochs ?? null,
    steps: done?.steps ?? null,
    parameters: done?.parameters ?? null,
    validationAccuracy: done?.validationAccuracy ?? null,
    validationLoss: done?.validationLoss ?? null,
    trainAccuracy: done?.trainAccuracy ?? null,
    trainLoss: done?.trainLoss ?? null,
    weightsDigest: done?.weightsDigest ?? null,
    trainingSeconds: done?.trainingSeconds ?? null,
    samplesPerSecond: done?.samplesPerSecond ?? null,
    threads: done?.threads ?? null,
    error: outcome.kind === 'failed' ? { code: outcome.code, message: outcome.message } : null,
  };
}

/**
 * A row for each candidate, from the last job of it that has an outcome: the best first. Those that
 * went further (in successive halving) come before those that were stopped; failed ones are last.
 */
export function rankedRows(
  metric: Metric,
  jobs: readonly Job[],
  outcomes: Outcomes,
): readonly RunRow[] {
  const last = new Map<string, { job: Job; outcome: Outcome; stage: number }>();
  const stages = new Map<string, number>();
  for (const job of jobs) {
    const stage = (stages.get(job.candidate) ?? 0) + 1;
    stages.set(job.candidate, stage);
    const outcome = outcomes.get(job.id);
    if (outcome !== undefined) last.set(job.candidate, { job, outcome, stage });
  }
  const furthest = Math.max(0, ...stages.values());
  const failed = ({ outcome }: { outcome: Outcome }): number => Number(outcome.kind === 'failed');
  const order = [...last.values()].sort(
    (a, b) =>
      failed(a) - failed(b) || b.stage - a.stage || compareOutcomes(metric, a.outcome, b.outcome),
  );
  return order.map(({ job, outcome, stage }, i) => {
    if (outcome.kind === 'failed') return runRow(job, outcome, null, 'failed');
    return runRow(job, outcome, i + 1, stage < furthest ? 'stopped' : 'done');
  });
}

const COLUMNS = [
  ...['epochs', 'steps', 'parameters', 'validationAccuracy', 'validationLoss'],
  ...['trainAccuracy', 'trainLoss', 'weightsDigest', 'trainingSeconds', 'samplesPerSecond'],
  'threads',
] as const;

/** A line a run, all figures unrounded. `keys`: of the settings, in their order. */
export function rowsCsv(rows: readonly RunRow[], keys: readonly string[]): string {
  const head = ['rank', 'run', 'status', ...keys, ...COLUMNS, 'error'];
  const lines = rows.map((row) => {
    const figures = COLUMNS.map((column) => row[column as keyof RunRow] as Scalar);
    const settings = keys.map((key) => row.settings[key] ?? null);
    return [row.rank, row.run, row.status, ...settings, ...figures, row.error?.code ?? null];
  });
  return csv([head, ...lines]);
}
