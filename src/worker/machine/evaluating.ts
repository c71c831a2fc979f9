import { COORDINATOR } from '../../shared/protocol/names.js';
import { rangesWithout } from '../../shared/numerics/micro-batches.js';
import type { Assignment, PieceResult } from '../../shared/protocol/messages.js';
import { assignmentOf, dropped, gotOn, type Context, type Part } from './context.js';
import type { MemberEvent, MemberState } from './state.js';

/** Evaluates this member's pieces that have no result yet. */
export const evaluateIfDue: Part = (state, context) => {
  const { orders, position } = state;
  const order = orders?.phase === 'run' ? evaluationOf(state, context) : null;
  if (order === null || position === null || position.applied !== order.applied) return state;
  const { applied, which } = order;
  if (!isOf(state.evaluation, order)) {
    state = { ...state, evaluation: { applied, which, busy: false, results: new Map() } };
  }
  const { evaluation } = state;
  if (evaluation === null || evaluation.busy) return state;
  const pieces = order.pieces.flatMap((range) => rangesWithout(range, evaluation.results));
  if (pieces.length === 0) return state;
  context.emit({ kind: 'evaluate', applied, which, pieces });
  return { ...state, evaluation: { ...evaluation, busy: true } };
};

/** What this member is to evaluate, of what there is. */
function evaluationOf(state: MemberState, context: Context): Assignment['evaluation'] {
  const evaluation = assignmentOf(state)?.evaluation ?? null;
  if (evaluation === null || evaluation.applied > context.schedule.steps) return null;
  const total = context.schedule
    .evaluation(evaluation.applied, evaluation.which)
    .reduce((sum, { pieces }) => sum + pieces, 0);
  const pieces = evaluation.pieces.filter(({ end }) => end <= total);
  return { ...evaluation, pieces };
}

/** Whether results belong to what is asked for. */
function isOf(
  evaluation: MemberState['evaluation'],
  { applied, which }: Pick<NonNullable<Assignment['evaluation']>, 'applied' | 'which'>,
): boolean {
  return evaluation !== null && evaluation.applied === applied && evaluation.which === which;
}

export function takeResults(
  state: MemberState,
  context: Context,
  answer: Extract<MemberEvent, { kind: 'evaluated' }>,
): MemberState {
  const { evaluation } = state;
  if (evaluation === null || !isOf(evaluation, answer)) return dropped(state);
  const results = new Map(evaluation.results);
  for (const result of answer.results) results.set(result.piece, result);
  state = gotOn({ ...state, evaluation: { ...evaluation, busy: false, results } });
  sendResults(state, context, answer.results);
  return state;
}

/** What the coordinator still asks for although it is here got lost: again. */
export const repeatResults: Part = (state, context) => {
  const order = evaluationOf(state, context);
  const { evaluation } = state;
  if (order === null || evaluation === null || !isOf(evaluation, order)) return state;
  const results = order.pieces.flatMap(({ first, end }) =>
    [...evaluation.results.values()].filter(({ piece }) => piece >= first && piece < end),
  );
  if (results.length > 0) sendResults(state, context, results);
  return state;
};

function sendResults(state: MemberState, context: Context, results: readonly PieceResult[]): void {
  if (state.position === null || state.evaluation === null) return;
  const { run, id: from } = state.config;
  const { applied, which } = state.evaluation;
  const { lineage } = state.position;
  context.emit({
    kind: 'send',
    to: COORDINATOR,
    message: { kind: 'evaluated', run, from, applied, which, lineage, results },
  });
}
