import type { RunStart, StepRecord } from '../../shared/run-events.js';

/** Where a run stands, as the display shows it. A value; `advance` makes the next one. */
export interface Progress {
  readonly start: RunStart;
  readonly step: number;
  readonly epoch: number;
  /** Of the epoch so far: sums over samples, for means that do not jump with every batch. */
  readonly samples: number;
  readonly lossSum: number;
  readonly correct: number;
  /** Means that forget the past at a rate of 1/16 a step; null before the first step. */
  readonly secondsPerStep: number | null;
  readonly samplesPerStep: number;
}

const FORGETTING = 1 / 16;

export function beginProgress(start: RunStart): Progress {
  const epoch = Math.min(start.epochs, Math.floor(start.startStep / start.stepsPerEpoch) + 1);
  return {
    start,
    step: start.startStep,
    epoch,
    samples: 0,
    lossSum: 0,
    correct: 0,
    secondsPerStep: null,
    samplesPerStep: 0,
  };
}

export function advance(before: Progress, record: StepRecord): Progress {
  const same = record.epoch === before.epoch;
  const forget = (mean: number, value: number) => mean + (value - mean) * FORGETTING;
  const first = before.secondsPerStep === null;
  return {
    start: before.start,
    step: record.step,
    epoch: record.epoch,
    samples: (same ? before.samples : 0) + record.samples,
    lossSum: (same ? before.lossSum : 0) + record.loss * record.samples,
    correct: (same ? before.correct : 0) + record.accuracy * record.samples,
    secondsPerStep: first ? record.stepSeconds : forget(before.secondsPerStep, record.stepSeconds),
    samplesPerStep: first ? record.samples : forget(before.samplesPerStep, record.samples),
  };
}

export interface Shown {
  readonly loss: number;
  readonly accuracy: number;
  readonly samplesPerSecond: number;
  readonly secondsLeft: number;
}

/** The figures to show, or null before the first step. */
export function shown(progress: Progress): Shown | null {
  const { secondsPerStep, samples, start } = progress;
  if (secondsPerStep === null || samples === 0) return null;
  return {
    loss: progress.lossSum / samples,
    accuracy: progress.correct / samples,
    samplesPerSecond: secondsPerStep > 0 ? progress.samplesPerStep / secondsPerStep : 0,
    secondsLeft: Math.max(0, start.steps - progress.step) * secondsPerStep,
  };
}
