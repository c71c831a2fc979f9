import type { EvaluationSum } from '../../shared/protocol/control.js';
import { failRun, type Context, type Part } from './context.js';
import { bestAt, closingEvaluation, isComplete } from './decisions.js';
import { evaluationPending } from './evaluations.js';
import type { CoordinatorState } from './state.js';
import { tooFew } from './views.js';

/** Below the fewest workers the run waits, for a bounded time; then it ends with a checkpoint. */
export const pauseIfFew: Part = (state) => {
  if (state.phase !== 'run' || state.ending !== null) return state;
  const { members } = state.view;
  const isOver = members.length > 0 && state.stable === state.lastStep;
  if (isOver || members.length >= state.config.minWorkers) {
    return state.pausedAt === null ? state : { ...state, pausedAt: null, gotOnAt: state.now };
  }
  if (state.pausedAt === null) return { ...state, pausedAt: state.now };
  if (state.now - state.pausedAt < state.config.times.pauseMillis) return state;
  const failure = tooFew(state);
  if (members.length === 0) return failRun(state, failure);
  return { ...endAt(state, state.upTo), pausedAt: null, ending: failure };
};

/** Nobody goes beyond this state. */
export function endAt(state: CoordinatorState, applied: number): CoordinatorState {
  const duties = new Map([...state.duties].filter(([step]) => step < applied));
  return { ...state, lastStep: applied, duties, gotOnAt: state.now };
}

/** Ctrl-C: after the step that is granted, which is the first that nobody can have gone beyond. */
export const stopIfAsked: Part = (state) => {
  if (!state.stopping || state.ending !== null) return state;
  const { phase, lastStep, upTo } = state;
  const nobody = phase === 'run' && state.view.members.length === 0;
  if (phase === 'claiming' || phase === 'waiting' || nobody) {
    return failRun(state, {
      code: 'RUN_INTERRUPTED',
      message: 'Stopped before a step was done.',
      hint:
        state.stored.applied === 0
          ? 'Start the run again.'
          : `Resume the run: its folder has the state after ${state.stored.applied} steps.`,
      where: { applied: state.stored.applied },
    });
  }
  return phase === 'run' && lastStep > upTo ? endAt(state, upTo) : state;
};

/** The last state is everybody's: its digests, a checkpoint, the summary. */
export const finishIfDone: Part = (state, context) => {
  const { lastStep, stored, ending } = state;
  if (state.phase !== 'run' || !isDone(state, context)) return state;
  if (stored.applied !== lastStep || stored.digest === null) {
    if (state.capture !== null) return state;
    const best = bestAt(state, context, lastStep);
    const capture = { applied: lastStep, by: state.view.members, storing: false, best };
    return { ...state, capture };
  }
  if (ending !== null) return failRun(state, ending);
  context.emit({
    kind: 'summarize',
    applied: lastStep,
    lineage: stored.lineage,
    digest: stored.digest,
    ...closingFigures(state),
    best: bestAt(state, context, lastStep),
    stoppedEarly: state.stoppedEarly,
    complete: isComplete(state, context),
  });
  return { ...state, phase: 'summarizing', gotOnAt: state.now };
};

function isDone(state: CoordinatorState, context: Context): boolean {
  const { lastStep, stable, durable } = state;
  if (state.view.members.length === 0 || stable !== lastStep || durable < lastStep) return false;
  if (state.upTo !== lastStep) return false;
  if (!isComplete(state, context)) return true;
  if (evaluationPending(state, context, lastStep)) return false;
  return closingEvaluation(state, context) === null;
}

/** What was evaluated of the weights that the run ends with. */
function closingFigures({ lastStep, evaluation }: CoordinatorState): {
  evaluation: readonly EvaluationSum[];
  ofBest: boolean;
} {
  if (evaluation?.applied !== lastStep) return { evaluation: [], ofBest: false };
  const { which, earlier, sums } = evaluation;
  const ofBest = which === 'best';
  return { evaluation: [...(which === 'rest' ? earlier : []), ...(sums ?? [])], ofBest };
}

/** The coordinator goes when all have heard of the end, or do not answer. */
export const exitIfAllLeft: Part = (state, context) => {
  if (state.phase !== 'finished' && state.phase !== 'failed') return state;
  const waiting = [...state.peers.values()].some(({ report }) => report.activity !== 'left');
  if (waiting && state.now - state.gotOnAt < state.config.times.deadMillis) return state;
  context.emit({ kind: 'exit', failure: state.failure });
  return { ...state, phase: 'gone' };
};
