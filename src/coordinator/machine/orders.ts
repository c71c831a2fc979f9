import type {
  CaptureOrder,
  EvaluationOrder,
  Learner,
  Orders,
  OrdersPhase,
} from '../../shared/protocol/messages.js';
import type { Range } from '../../shared/numerics/micro-batches.js';
import type { Context } from './context.js';
import { releaseOf } from './grants.js';
import type { CoordinatorState } from './state.js';
import { hasLearnt } from './learners.js';

/** Whether members should hear of it before the next heartbeat. */
export function worthSaying(before: CoordinatorState, after: CoordinatorState): boolean {
  return (
    before.phase !== after.phase ||
    before.view !== after.view ||
    before.upTo !== after.upTo ||
    before.lastStep !== after.lastStep ||
    before.learners !== after.learners ||
    before.capture !== after.capture ||
    before.evaluation?.shares !== after.evaluation?.shares ||
    before.relayed !== after.relayed
  );
}

/** The same orders to everybody in the run: all that there is to know, each time. */
export function sendOrders(state: CoordinatorState, context: Context): CoordinatorState {
  const phase = spokenPhase(state);
  if (phase === null) return state;
  const learners = learnersOf(state);
  const sequence = state.sequence + 1;
  const message = ordersOf(state, phase, learners, sequence);
  for (const to of [...state.view.members, ...learners.map(({ member }) => member)]) {
    context.emit({ kind: 'send', to, message });
  }
  return { ...state, sequence, spokeAt: state.now };
}

function spokenPhase({ phase }: CoordinatorState): OrdersPhase | null {
  switch (phase) {
    case 'claiming':
    case 'waiting':
    case 'gone':
      return null;
    case 'summarizing':
      return 'run';
    case 'gather':
    case 'run':
    case 'finished':
    case 'failed':
      return phase;
  }
}

/** At the end everybody who is there is told, whatever it was. */
function learnersOf(state: CoordinatorState): readonly Learner[] {
  if (state.phase !== 'finished' && state.phase !== 'failed') return [...state.learners.values()];
  return [...state.peers.keys()]
    .filter((id) => !state.view.members.includes(id))
    .map((member) => ({ member, from: state.upTo, donors: [] }));
}

function ordersOf(
  state: CoordinatorState,
  phase: OrdersPhase,
  learners: readonly Learner[],
  sequence: number,
): Orders {
  const { config, term, view, base, sources, upTo, stable, durable, relayed, failure } = state;
  return {
    kind: 'orders',
    run: config.run,
    term,
    coordinator: config.id,
    sequence,
    view,
    phase,
    base,
    sources,
    upTo,
    stable,
    release: releaseOf(state),
    durable,
    controls: [...state.controls.values()],
    duties: [...state.duties.values()],
    learners,
    captures: capturesOf(state),
    evaluation: evaluationOf(state),
    relayed,
    failure,
  };
}

function capturesOf(state: CoordinatorState): readonly CaptureOrder[] {
  const captures: CaptureOrder[] = [...state.learners]
    .filter(([id]) => !hasLearnt(state, id))
    .map(([, { from, donors }]) => ({ applied: from, by: donors }));
  const { capture } = state;
  if (capture !== null) captures.push({ applied: capture.applied, by: capture.by });
  return captures;
}

/** Only the pieces still missing: who has sent the others need not repeat them. */
function evaluationOf({ evaluation }: CoordinatorState): EvaluationOrder | null {
  if (evaluation === null || evaluation.sums !== null) return null;
  const shares = evaluation.shares.map(({ member, pieces }) => ({
    member,
    pieces: pieces.flatMap((range) => missingIn(range, evaluation.results)),
  }));
  return { applied: evaluation.applied, which: evaluation.which, shares };
}

function missingIn(range: Range, results: ReadonlyMap<number, unknown>): readonly Range[] {
  const parts: Range[] = [];
  for (let piece = range.first; piece < range.end; piece++) {
    const last = parts[parts.length - 1];
    if (results.has(piece)) continue;
    if (last?.end === piece) parts[parts.length - 1] = { first: last.first, end: piece + 1 };
    else parts.push({ first: piece, end: piece + 1 });
  }
  return parts;
}
