/** What the runs of a scaling study say, as figures. */
import { granularityBound } from '../config/granularity.js';
import type { MetricsRecord } from '../run-events.js';
import type { ScaleRow } from './results.js';
import type { ScaleJob } from './scale-plan.js';

export interface MeasuredRun {
  readonly job: ScaleJob;
  readonly metrics: readonly MetricsRecord[];
  readonly weightsDigest: string;
  /** Whether teams of threads share a micro-batch, on the engine that computed. */
  readonly shares: boolean;
}

/** Where the machine's times are counted to: the least of the accuracies that all runs end with. */
export function commonTarget(runs: readonly MeasuredRun[]): number | null {
  const ends = runs.flatMap(({ metrics }) => epochsOf(metrics).slice(-1));
  return ends.length === 0 ? null : Math.min(...ends.map(({ accuracy }) => accuracy));
}

/** A row for each run and each number of epochs that it reached, in the order of the runs. */
export function scaleRows(
  runs: readonly MeasuredRun[],
  target: number | null,
): readonly ScaleRow[] {
  const rows = runs.flatMap(({ job, metrics, weightsDigest, shares }) => {
    const { run, threads, batchSize, microBatch } = job;
    const reached = epochsOf(metrics).filter(({ epoch }) => job.epochs.includes(epoch));
    return reached.map(({ epoch: epochs, accuracy, loss }) => {
      const steps = metrics.flatMap((record) =>
        record.kind === 'step' && record.epoch <= epochs ? [record] : [],
      );
      const trainingSeconds = steps.reduce((sum, { stepSeconds }) => sum + stepSeconds, 0);
      const samples = steps.reduce((sum, step) => sum + step.samples, 0);
      return {
        run,
        threads,
        batchSize,
        microBatch,
        epochs,
        samplesPerSecond: trainingSeconds > 0 ? samples / trainingSeconds : 0,
        bound: granularityBound({ batchSize, microBatch, threads }, shares),
        validationAccuracy: accuracy,
        validationLoss: loss,
        trainingSeconds,
        secondsToTarget: target === null ? null : secondsTo(metrics, target, epochs),
        weightsDigest,
      };
    });
  });
  return rows.map((row) => {
    // Against the fewest threads on the same work.
    const alike = rows.filter((other) => other.batchSize === row.batchSize && other.epochs === row.epochs); // prettier-ignore
    const base = alike.reduce((least, other) => (other.threads < least.threads ? other : least));
    const speedUp = base.samplesPerSecond > 0 ? row.samplesPerSecond / base.samplesPerSecond : 0;
    return { ...row, speedUp, efficiency: speedUp / (row.threads / base.threads) };
  });
}

function epochsOf(metrics: readonly MetricsRecord[]): readonly EvaluatedEpoch[] {
  return metrics.flatMap((record) => {
    if (record.kind !== 'epoch') return [];
    const { epoch, validationAccuracy: accuracy, validationLoss: loss } = record;
    return accuracy === null || loss === null ? [] : [{ epoch, accuracy, loss }];
  });
}

interface EvaluatedEpoch {
  readonly epoch: number;
  readonly accuracy: number;
  readonly loss: number;
}

/** Of training, to the end of the first epoch that reaches the target; evaluation left out. */
function secondsTo(
  metrics: readonly MetricsRecord[],
  target: number,
  within: number,
): number | null {
  let seconds = 0;
  for (const record of metrics) {
    if (record.kind === 'step') seconds += record.stepSeconds;
    else if (record.epoch > within) break;
    else if ((record.validationAccuracy ?? 0) >= target) return seconds;
  }
  return null;
}
