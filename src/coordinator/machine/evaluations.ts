import { floatOfBits } from '../../shared/numerics/float-bits.js';
import type { EvaluationKind, EvaluationSum } from '../../shared/protocol/control.js';
import type { Evaluated, EvaluationPlan, PieceResult } from '../../shared/protocol/messages.js';
import { failRun, membersOf, type Context, type Part } from './context.js';
import { closingEvaluation, decisionsAt, evaluationAt, isComplete } from './decisions.js';
import { shareOut } from './duties.js';
import { diverged } from './views.js';
import type { CoordinatorState } from './state.js';

/** Whether an evaluation is due at this state and not complete. */
export function evaluationPending(
  state: CoordinatorState,
  context: Context,
  applied: number,
): boolean {
  if (state.controls.has(applied)) return false; // its result went into the step after it
  if (context.schedule.evaluation(applied, 'regular').length === 0) return false;
  const { evaluation } = state;
  if (evaluation?.applied !== applied) return true;
  return evaluation.which === 'regular' && evaluation.sums === null;
}

/** The evaluation that is due where all stand; null: none. */
function dueAt(state: CoordinatorState, context: Context): EvaluationKind | null {
  const { upTo, lastStep } = state;
  if (upTo < lastStep) return evaluationPending(state, context, upTo) ? 'regular' : null;
  if (!isComplete(state, context)) return null;
  if (evaluationPending(state, context, upTo)) return 'regular';
  return closingEvaluation(state, context);
}

/** When all stand at a state to be evaluated: hands out its pieces. */
export const evaluateIfDue: Part = (state, context) => {
  const { stable, upTo, base } = state;
  if (state.phase !== 'run' || stable !== upTo || stable < base) return state;
  const which = state.view.members.length === 0 ? null : dueAt(state, context);
  if (which === null) return state;
  const plan = context.schedule.evaluation(upTo, which);
  const isSame = state.evaluation?.applied === upTo && state.evaluation.which === which;
  const before = isSame ? state.evaluation : null;
  if (before !== null && before.shares.length > 0) return state;
  const results = before?.results ?? new Map<number, PieceResult>();
  const total = plan.reduce((sum, { pieces }) => sum + pieces, 0);
  const missing = Array.from({ length: total }, (_, piece) => piece).filter(
    (piece) => !results.has(piece),
  );
  const members = membersOf(state);
  const cuts = shareOut(missing, members, 0);
  const shares = members.map(({ id }, rank) => ({ member: id, pieces: cuts[rank] ?? [] }));
  const earlier = evaluationAt(state, upTo);
  const evaluation = { applied: upTo, which, plan, results, shares, sums: null, earlier };
  return { ...state, evaluation };
};

/** Results of pieces: the first of each counts; another one must be equal, but of another engine. */
export function takeEvaluated(
  state: CoordinatorState,
  context: Context,
  message: Evaluated,
): CoordinatorState {
  const { evaluation } = state;
  if (message.run !== state.config.run || evaluation === null) return state;
  if (evaluation.applied !== message.applied || evaluation.sums !== null) return state;
  if (evaluation.which !== message.which) return state;
  if (state.lineages.get(message.applied) !== message.lineage) return state;
  const results = new Map(evaluation.results);
  for (const result of message.results) {
    const before = results.get(result.piece);
    if (before === undefined) results.set(result.piece, result);
    else if (state.config.mixedEngines !== true && !sameResult(before, result)) {
      return failRun(state, diverged(message.applied, message.from, 'another'));
    }
  }
  state = { ...state, gotOnAt: state.now };
  const total = evaluation.plan.reduce((sum, { pieces }) => sum + pieces, 0);
  if (results.size < total) return { ...state, evaluation: { ...evaluation, results } };
  const sums = sumByIndex(evaluation.plan, results);
  const { applied, which } = evaluation;
  state = { ...state, evaluation: { ...evaluation, results, shares: [], sums } };
  if (which === 'regular') {
    const decided = decisionsAt(state, context, applied);
    context.emit({ kind: 'evaluated', applied, sums, decided });
  }
  return state;
}

const sameResult = (one: PieceResult, other: PieceResult): boolean =>
  one.lossBits === other.lossBits && one.correct === other.correct;

/** In float64, piece by piece in order of their index: who sent what when does not show. */
export function sumByIndex(
  plan: readonly EvaluationPlan[],
  results: ReadonlyMap<number, PieceResult>,
): readonly EvaluationSum[] {
  let piece = 0;
  return plan.map(({ set, pieces, samples }) => {
    let lossSum = 0;
    let correct = 0;
    for (const end = piece + pieces; piece < end; piece++) {
      const result = results.get(piece);
      if (result === undefined) continue;
      lossSum += floatOfBits(result.lossBits);
      correct += result.correct;
    }
    return { set, samples, lossSum, correct };
  });
}
