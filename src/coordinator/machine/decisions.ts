import type { BestMark } from '../../shared/controls/standing.js';
import type { EvaluationKind, EvaluationSum } from '../../shared/protocol/control.js';
import { membersOf, type Context } from './context.js';
import type { CoordinatorState, Decided } from './state.js';

/** What the evaluation that was due at this state has given; empty: none was, or it is not complete. */
export function evaluationAt(state: CoordinatorState, applied: number): readonly EvaluationSum[] {
  const { evaluation } = state;
  if (evaluation?.applied !== applied) return [];
  return evaluation.which === 'regular' ? (evaluation.sums ?? []) : evaluation.earlier;
}

/**
 * What is decided at the state after `applied` steps, from what a member reports of it and from its
 * evaluation; null where no member that is there has come so far.
 */
export function decisionsAt(
  state: CoordinatorState,
  { schedule }: Context,
  applied: number,
): Decided | null {
  const { controls } = schedule;
  if (controls === null) return { before: null, after: null };
  const there = membersOf(state).find(({ report }) => report.applied === applied);
  const before = there?.report.standing ?? null;
  if (before === null) return null;
  const after = controls.afterEvaluation(before, applied, evaluationAt(state, applied));
  return { before, after };
}

/** Whether the run ends here because its figures get no better. */
export function stopsEarly({ schedule }: Context, { after }: Decided): boolean {
  return after !== null && schedule.controls?.stops(after) === true;
}

/** Whether the run has come to an end of its own: the last step, or one that its figures set. */
export function isComplete(state: CoordinatorState, { schedule }: Context): boolean {
  return state.lastStep === schedule.steps || state.stoppedEarly;
}

/** The best state, as far as it is known at the end or at a checkpoint. */
export function bestAt(
  state: CoordinatorState,
  context: Context,
  applied: number,
): BestMark | null {
  return decisionsAt(state, context, applied)?.after?.best ?? null;
}

/** What the run still has to know of the weights it ends with; null: nothing. */
export function closingEvaluation(
  state: CoordinatorState,
  context: Context,
): EvaluationKind | null {
  const { schedule } = context;
  const { lastStep, evaluation } = state;
  if (!isComplete(state, context)) return null;
  const best = bestAt(state, context, lastStep);
  const which = schedule.endsWithBest && best !== null && best.step !== lastStep ? 'best' : 'rest';
  if (schedule.evaluation(lastStep, which).length === 0) return null;
  const isDone = evaluation?.applied === lastStep && evaluation.which === which;
  return isDone && evaluation.sums !== null ? null : which;
}
