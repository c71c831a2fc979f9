/** The trainings of a cross-validation, and the mean over what comes of them. */
import { configError } from '../config/faults.js';
import { resolveConfig } from '../config/resolve.js';
import type { ConfigInput } from '../config/schema.js';
import { fixedPlan, type Job, type StudyPlan } from './job.js';
import type { Spread } from './results.js';
import { ENVIRONMENT, studyBase } from './sweep-plan.js';

/** @throws LockstepError CONFIG_INVALID */
export function kfoldPlan(base: ConfigInput, folds: number): StudyPlan {
  if ((base.validation ?? 0) > 0) {
    const message = 'each fold is validated on in its turn, so that nothing else is put aside';
    throw configError([{ path: 'validation', message: `${message}; leave it out` }]);
  }
  const width = Math.max(2, String(folds).length);
  const jobs = Array.from({ length: folds }, (_, i): Job => {
    const run = `fold-${String(i + 1).padStart(width, '0')}`;
    const config = { ...studyBase(base), folds, fold: i + 1 };
    const work = resolveConfig(config, ENVIRONMENT).epochs ?? 1;
    return { id: run, run, candidate: run, settings: { fold: i + 1 }, config, work, threads: null };
  });
  return fixedPlan(jobs);
}

/** Of all values; none of it where one is missing, since the mean of the rest is another figure. */
export function spreadOf(values: readonly (number | null)[]): Spread {
  const known = values.flatMap((value) => (value === null ? [] : [value]));
  if (known.length < values.length || known.length === 0) return { mean: null, deviation: null };
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const squares = known.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  return { mean, deviation: known.length > 1 ? Math.sqrt(squares / (known.length - 1)) : null };
}
