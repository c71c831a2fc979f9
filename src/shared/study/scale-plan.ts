/** The trainings that tell how a machine scales: every number of threads on every batch size. */
import { configError, type ConfigFault } from '../config/faults.js';
import { ENDING_SCHEDULES } from '../config/learning-rate.js';
import { resolveConfig } from '../config/resolve.js';
import { overlay } from '../config/schedule.js';
import type { ConfigInput } from '../config/schema.js';
import { fixedPlan, type Job, type StudyPlan } from './job.js';
import { ENVIRONMENT, refuseWithoutValidation, studyBase } from './sweep-plan.js';

export interface ScaleWish {
  readonly threads: readonly number[];
  readonly batch: readonly number[];
  readonly epochs: readonly number[];
}

/** A run of the plan, and the numbers of epochs at which its figures are taken. */
export interface ScaleJob extends Job {
  readonly threads: number;
  readonly batchSize: number;
  readonly microBatch: number;
  readonly epochs: readonly number[];
}

export const scalePlan = (jobs: readonly ScaleJob[]): StudyPlan => fixedPlan(jobs);

/**
 * One run serves all numbers of epochs, since the state after few of them is that of a shorter run;
 * unless the learning rate is bound to the end of the run.
 * @throws LockstepError CONFIG_INVALID
 */
export function scaleJobs(base: ConfigInput, wish: ScaleWish): readonly ScaleJob[] {
  const faults: ConfigFault[] = (['threads', 'batch', 'epochs'] as const).flatMap((path) => {
    const values = wish[path];
    if (values.length === 0) return [{ path, message: 'expected one number at least' }];
    const wrong = values.find((value) => !Number.isInteger(value) || value < 1);
    if (wrong !== undefined) return [{ path, message: `expected whole numbers from 1, got ${String(wrong)}` }]; // prettier-ignore
    const twice = values.find((value, i) => values.indexOf(value) !== i);
    return twice === undefined ? [] : [{ path, message: `${String(twice)} is named twice` }];
  });
  if (faults.length > 0) throw configError(faults);
  const common = { ...studyBase(base), evaluateEvery: 1 };
  refuseWithoutValidation(common);
  const ends = (ENDING_SCHEDULES as readonly unknown[]).includes(base.learningRateSchedule);
  const rising = [...wish.epochs].sort((a, b) => a - b);
  const goals = ends ? rising.map((epochs) => [epochs]) : [rising];
  return wish.batch.flatMap((batchSize) =>
    goals.flatMap((epochs) =>
      wish.threads.map((threads): ScaleJob => {
        const last = epochs.at(-1)!;
        const run = `b${String(batchSize)}-t${String(threads)}${ends ? `-e${String(last)}` : ''}`;
        const config = overlay(common, { batchSize, epochs: last }) as ConfigInput;
        const { microBatch } = resolveConfig({ ...config, threads }, ENVIRONMENT);
        const settings = { threads, batchSize, epochs: last };
        return { id: run, run, candidate: run, settings, config, work: last, threads, batchSize, microBatch, epochs }; // prettier-ignore
      }),
    ),
  );
}
