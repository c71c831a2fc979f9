import type { Schedule } from '../../shared/protocol/schedule.js';
import type { ToCoordinator, WantSnapshot } from '../../shared/protocol/messages.js';
import { storeIfCaptured, takeStored, takeStoreFailed } from './checkpoints.js';
import { failRun, type Context } from './context.js';
import { exitIfAllLeft, finishIfDone, pauseIfFew, stopIfAsked } from './ending.js';
import { evaluateIfDue, takeEvaluated } from './evaluations.js';
import { raiseGrant, updateStable } from './grants.js';
import { failIfStuck, removeClosed, removeLost } from './health.js';
import { beginLearning } from './learners.js';
import { speak } from './orders.js';
import { failIfReported, takeHello, takeReport } from './peers.js';
import { removeStrayed } from './forks.js';
import { recordSettled, takeRecorded } from './records.js';
import { COORDINATOR_RULES, type CoordinatorRules } from './rules.js';
import type {
  CoordinatorConfig,
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
  CoordinatorTransition,
} from './state.js';
import { takeRefusal } from './terms.js';
import { retryRelayed } from './relays.js';
import { formFirstView, settleView } from './views.js';

/**
 * The coordinator's step machine: pure, without clock, socket or promise. It says nothing before
 * its term is synced. `now`: milliseconds, as in `tick`.
 */
export function startCoordinator(
  config: CoordinatorConfig,
  schedule: Schedule,
  now: number,
): CoordinatorTransition {
  const { folder } = config;
  const term = folder.term + 1;
  const { applied, lineage } = folder.checkpoint;
  const state: CoordinatorState = {
    config,
    phase: 'claiming',
    now,
    gotOnAt: now,
    spokeAt: now,
    viewedAt: -Infinity,
    term,
    peers: new Map(),
    removed: new Map(),
    engines: new Map(),
    removals: new Map(),
    view: { number: 0, members: [] },
    base: applied,
    sources: [],
    upTo: applied,
    stable: applied,
    lastStep: schedule.steps,
    stoppedEarly: false,
    controls: new Map(),
    duties: new Map(),
    plans: 0,
    learners: new Map(),
    followers: [],
    lineages: new Map(folder.metrics.lineages).set(applied, lineage),
    recording: folder.metrics.upTo,
    durable: folder.metrics.upTo,
    givenUp: [],
    stored: { applied, lineage, digest: null },
    begun: false,
    capture: null,
    checkpointWanted: false,
    evaluation: null,
    relays: [],
    assigned: new Map(),
    assignedFor: null,
    pausedAt: null,
    stopping: false,
    ending: null,
    failure: null,
    sequence: 0,
  };
  return { state, effects: [{ kind: 'save-term', term }] };
}

/**
 * What events make of a state, and what the rim has to do, in this order. Those that come together
 * are taken together: what is due is looked for once, and said once.
 */
export function advanceCoordinator(
  before: CoordinatorState,
  events: readonly CoordinatorEvent[],
  schedule: Schedule,
  rules: CoordinatorRules = COORDINATOR_RULES,
): CoordinatorTransition {
  if (before.phase === 'gone') return { state: before, effects: [] };
  const effects: CoordinatorEffect[] = [];
  const emit = (effect: CoordinatorEffect): void => {
    effects.push(effect);
  };
  const context: Context = { schedule, rules, emit, ownPeers: null };
  let state = before;
  for (const event of events) {
    state = take(state, context, event);
    if (state.phase === 'gone') return { state, effects };
  }
  state = speak(before, settle(state, context), context);
  return { state: exitIfAllLeft(state, context), effects };
}

function take(
  state: CoordinatorState,
  context: Context,
  event: CoordinatorEvent,
): CoordinatorState {
  switch (event.kind) {
    case 'tick':
      state = retryRelayed({ ...state, now: event.now });
      return failIfStuck(removeLost(state, context), context);
    case 'message':
      return takeMessage(state, context, event.message);
    case 'lost':
      return removeClosed(state, context, event.member, event.reason);
    case 'term-saved':
      if (state.phase !== 'claiming' || event.term !== state.term) return state;
      return { ...state, phase: 'waiting', gotOnAt: state.now };
    case 'recorded':
      return takeRecorded(state, event.upTo);
    case 'stored':
      return takeStored(state, event);
    case 'store-failed':
      return takeStoreFailed(state, context, event);
    case 'summarized':
      if (state.phase !== 'summarizing') return state;
      return { ...state, phase: 'finished', gotOnAt: state.now };
    case 'stop':
      return { ...state, stopping: true };
    case 'checkpoint':
      return { ...state, checkpointWanted: true };
    case 'failed':
      return failRun(state, event.failure);
  }
}

function takeMessage(
  state: CoordinatorState,
  context: Context,
  message: ToCoordinator,
): CoordinatorState {
  // Nothing is said before the term is on disk.
  if (state.phase === 'claiming') return state;
  switch (message.kind) {
    case 'hello':
      return takeHello(state, context, message);
    case 'report':
      return takeReport(state, context, message);
    case 'evaluated':
      return takeEvaluated(state, context, message);
    case 'refusal':
      return takeRefusal(state, context, message);
    case 'want-snapshot':
      return serveSnapshot(state, context, message);
    case 'relay':
      if (message.run === state.config.run && state.peers.has(message.to)) {
        context.emit({ kind: 'send', to: message.to, message: message.message });
      }
      return state;
  }
}

/** The folder's state, to a learner that has nobody else to ask. */
function serveSnapshot(
  state: CoordinatorState,
  context: Context,
  { from: to, run, applied, segments }: WantSnapshot,
): CoordinatorState {
  if (run !== state.config.run || applied !== state.stored.applied) return state;
  const { lineage } = state.stored;
  for (const segment of segments) {
    context.emit({ kind: 'send-snapshot', to, applied, lineage, segment });
  }
  return state;
}

/** Everything that is due, until nothing is. */
function settle(state: CoordinatorState, context: Context): CoordinatorState {
  for (;;) {
    const before = state;
    for (const part of PARTS) state = part(state, context);
    if (state === before) return state;
  }
}

const PARTS = [
  failIfReported,
  formFirstView,
  settleView,
  updateStable,
  recordSettled,
  removeStrayed,
  pauseIfFew,
  stopIfAsked,
  evaluateIfDue,
  beginLearning,
  raiseGrant,
  storeIfCaptured,
  finishIfDone,
] as const;
