import { assertInternal } from '../errors.js';
import type { DoneOutcome, Job, Outcome, Outcomes } from './job.js';
import type { Metric } from './study-schema.js';

/**
 * The order of quality, best first (negative: a before b): by the metric, of equals by the other
 * one; failed runs last.
 */
export function compareOutcomes(metric: Metric, a: Outcome, b: Outcome): number {
  if (a.kind === 'failed' || b.kind === 'failed') {
    return Number(a.kind === 'failed') - Number(b.kind === 'failed');
  }
  const [of, other] = [validationOf(a), validationOf(b)];
  const accuracy = other.accuracy - of.accuracy;
  const loss = of.loss - other.loss;
  return metric === 'validationAccuracy' ? accuracy || loss : loss || accuracy;
}

/** Of runs that were chosen among, or averaged: those have a validation set. */
export function validationOf(outcome: DoneOutcome): { loss: number; accuracy: number } {
  const { validationLoss: loss, validationAccuracy: accuracy } = outcome;
  assertInternal(loss !== null && accuracy !== null, 'A run was to be chosen without scores.');
  return { loss, accuracy };
}

/** Jobs with their outcomes, the best first; those of equal figures in the order given. */
export function ranked(
  metric: Metric,
  jobs: readonly Job[],
  outcomes: Outcomes,
): readonly { readonly job: Job; readonly outcome: Outcome }[] {
  return jobs
    .map((job) => ({ job, outcome: outcomes.get(job.id)! }))
    .sort((a, b) => compareOutcomes(metric, a.outcome, b.outcome));
}

/** The best job of those that did not fail; null where all did. */
export function chosenOf(
  metric: Metric,
  jobs: readonly Job[],
  outcomes: Outcomes,
): { readonly job: Job; readonly outcome: DoneOutcome } | null {
  const [best] = ranked(metric, jobs, outcomes);
  if (best === undefined || best.outcome.kind === 'failed') return null;
  return { job: best.job, outcome: best.outcome };
}
