import type { CaptureOrder, Orders, OrdersPhase } from '../../shared/protocol/messages.js';
import type { MemberId } from '../../shared/protocol/names.js';
import { sendAssignments } from './assignments.js';
import type { Context } from './context.js';
import { releaseOf } from './grants.js';
import type { CoordinatorState } from './state.js';
import { hasLearnt } from './learners.js';

/** Whether members should hear of it before the next heartbeat. */
function worthSaying(before: CoordinatorState, after: CoordinatorState): boolean {
  return (
    before.phase !== after.phase ||
    before.view !== after.view ||
    before.upTo !== after.upTo ||
    before.lastStep !== after.lastStep ||
    !sameCaptures(capturesOf(before), capturesOf(after))
  );
}

/** Says what there is to say, to those whom it concerns, and all of it with each heartbeat. */
export function speak(
  before: CoordinatorState,
  state: CoordinatorState,
  context: Context,
): CoordinatorState {
  const isHeartbeat = state.now - state.spokeAt >= state.config.times.heartbeatMillis;
  // Before the orders: whoever gets both acts at once.
  state = sendAssignments(state, context, isHeartbeat);
  if (isHeartbeat || worthSaying(before, state)) return sendOrders(state, context, isHeartbeat);
  return greetLearners(before, state, context);
}

/** The same orders to everybody in the run. */
function sendOrders(
  state: CoordinatorState,
  context: Context,
  isHeartbeat: boolean,
): CoordinatorState {
  const phase = spokenPhase(state);
  if (phase === null) return state;
  const sequence = state.sequence + 1;
  const message = ordersOf(state, phase, sequence);
  for (const to of audienceOf(state)) context.emit({ kind: 'send', to, message });
  return { ...state, sequence, spokeAt: isHeartbeat ? state.now : state.spokeAt };
}

/** Who has just been let in hears how the run stands; for the others it stands as it did. */
function greetLearners(
  before: CoordinatorState,
  state: CoordinatorState,
  context: Context,
): CoordinatorState {
  const phase = spokenPhase(state);
  if (phase === null || before.learners === state.learners) return state;
  const fresh = [...state.learners.keys()].filter((id) => !before.learners.has(id));
  if (fresh.length === 0) return state;
  const sequence = state.sequence + 1;
  const message = ordersOf(state, phase, sequence);
  for (const to of fresh) context.emit({ kind: 'send', to, message });
  return { ...state, sequence };
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
function audienceOf({ phase, view, learners, peers }: CoordinatorState): readonly MemberId[] {
  if (phase === 'finished' || phase === 'failed') return [...peers.keys()];
  return [...view.members, ...learners.keys()];
}

function ordersOf(state: CoordinatorState, phase: OrdersPhase, sequence: number): Orders {
  const { config, term, view, base, upTo, stable, durable, failure } = state;
  return {
    kind: 'orders',
    run: config.run,
    term,
    coordinator: config.id,
    sequence,
    view: view.number,
    phase,
    base,
    upTo,
    stable,
    release: releaseOf(state),
    durable,
    controls: [...state.controls.values()],
    duties: [...state.duties.values()].map(({ step, plan }) => ({ step, plan: plan.number })),
    captures: capturesOf(state),
    failure,
  };
}

/** More members than these are not named one by one. */
const MOST_NAMED = 2;

/** Many learners take the same snapshot: it is named once. */
function capturesOf(state: CoordinatorState): readonly CaptureOrder[] {
  const captures: CaptureOrder[] = [];
  const wanted = (capture: CaptureOrder): void => {
    if (!captures.some((known) => sameCapture(known, capture))) captures.push(capture);
  };
  for (const [id, { from, donors }] of state.learners) {
    if (!hasLearnt(state, id)) wanted({ applied: from, by: donors });
  }
  const { capture } = state;
  if (capture !== null) {
    // Of the last state all have to show a digest; a copy more does no harm.
    const isFew = capture.by.length <= MOST_NAMED;
    wanted({ applied: capture.applied, by: isFew ? capture.by : null });
  }
  return captures;
}

function sameCaptures(one: readonly CaptureOrder[], other: readonly CaptureOrder[]): boolean {
  return one.length === other.length && one.every((capture, i) => sameCapture(capture, other[i]!));
}

function sameCapture(one: CaptureOrder, other: CaptureOrder): boolean {
  if (one.applied !== other.applied) return false;
  if (one.by === other.by) return true;
  if (one.by === null || other.by === null || one.by.length !== other.by.length) return false;
  return one.by.every((id, i) => id === other.by![i]);
}
