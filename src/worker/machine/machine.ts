import type { Schedule } from '../../shared/protocol/schedule.js';
import type { ToMember } from '../../shared/protocol/messages.js';
import { rootOf } from '../../shared/numerics/reduction-tree.js';
import { computeIfDue, rowsInHand, takeComputed, takeSegment, takeWhole } from './compute.js';
import { currentWork, dropped, fail, withWork, type Context } from './context.js';
import { evaluateIfDue, repeatResults, takeResults } from './evaluating.js';
import { reduceIfDue, sendRows, sendSums } from './exchange.js';
import { acceptGradient, applyIfGranted, assembleIfDue, releaseIfStable } from './gradient.js';
import { namedLineage } from './naming.js';
import { takeAssignment, takeOrders, takeRefusal } from './orders.js';
import { keep, takePiece } from './pieces.js';
import { reportEffect, worthReporting } from './reporting.js';
import { MEMBER_RULES, type MemberRules } from './rules.js';
import {
  captureIfDue,
  learnIfDue,
  serveSnapshot,
  takeRestored,
  takeSnapshotPiece,
} from './snapshots.js';
import type {
  MemberConfig,
  MemberEffect,
  MemberEvent,
  MemberState,
  MemberTransition,
} from './state.js';
import { answerWant, askIfStuck } from './wants.js';

/**
 * A member's step machine: pure, without clock, socket or promise. The first state says hello.
 * `now`: milliseconds, as in `tick`.
 */
export function startMember(config: MemberConfig, now: number): MemberTransition {
  const state = firstState(config, now);
  return { state, effects: [reportEffect(state, [])] };
}

/** What an event makes of a state, and what the rim has to do, in this order. */
export function advanceMember(
  state: MemberState,
  event: MemberEvent,
  schedule: Schedule,
  rules: MemberRules = MEMBER_RULES,
): MemberTransition {
  if (state.left) return { state, effects: [] };
  const effects: MemberEffect[] = [];
  const context: Context = { schedule, rules, emit: (effect) => effects.push(effect) };
  let after = settle(take(state, context, event), context);
  if (event.kind === 'tick' || worthReporting(state, after)) {
    after = { ...after, reports: after.reports + 1 };
    // Before it leaves, if it does: nothing comes after that.
    const place = effects.findIndex(({ kind }) => kind === 'leave');
    const last = place === -1 ? effects.length : place;
    effects.splice(last, 0, reportEffect(after, rowsInHand(after, context)));
  }
  if (event.kind === 'tick') after = { ...after, heard: false };
  return { state: after, effects };
}

function firstState(config: MemberConfig, now: number): MemberState {
  return {
    config,
    now,
    progress: 0,
    position: config.origin,
    orders: null,
    assignment: null,
    term: 0,
    coordinator: null,
    heardAt: now,
    heard: false,
    works: new Map(),
    kept: new Map(),
    records: [],
    captured: new Map(),
    evaluation: null,
    snapshot: null,
    learntFrom: null,
    millisPerMicroBatch: 0,
    gotOnAt: now,
    asked: 0,
    askedAt: now,
    silentSince: new Map(),
    counters: { dropped: 0, duplicates: 0, corrupt: 0 },
    failure: null,
    left: false,
    reports: 0,
  };
}

function take(state: MemberState, context: Context, event: MemberEvent): MemberState {
  switch (event.kind) {
    case 'tick':
      state = { ...state, now: event.now, progress: event.progress };
      return giveUpIfLost(repeatResults(askIfStuck(state, context), context), context);
    case 'message':
      return takeMessage(state, context, event.message, event.measured ?? 0);
    case 'segment-computed':
      return takeSegment(state, event);
    case 'computed':
      return takeComputed(state, context, event);
    case 'computed-whole':
      return takeWhole(state, context, event);
    case 'segment-reduced':
      return takeSum(state, context, event);
    case 'assembled': {
      const work = currentWork(state);
      const isDue = work?.step === event.step && work.assembling;
      if (!isDue || event.lineage !== namedLineage(state)) return dropped(state);
      return acceptGradient(state, context, event.gradient);
    }
    case 'captured': {
      const captured = state.captured.get(event.applied);
      if (captured === undefined) return dropped(state);
      const all = new Map(state.captured);
      all.set(event.applied, { ...captured, digest: event.digest });
      return { ...state, captured: all };
    }
    case 'evaluated':
      return takeResults(state, context, event);
    case 'restored':
      return takeRestored(state, context, event);
    case 'failed':
      return fail(state, event.failure);
  }
}

function takeMessage(
  state: MemberState,
  context: Context,
  message: ToMember,
  measured: number,
): MemberState {
  if (message.run !== state.config.run) return dropped(state);
  if (message.kind === 'orders') return takeOrders(state, context, message);
  if (message.kind === 'assignment') return takeAssignment(state, context, message);
  if (message.kind === 'refusal') return takeRefusal(state, context, message);
  if (state.silentSince.has(message.from)) {
    const silentSince = new Map(state.silentSince);
    silentSince.delete(message.from);
    state = { ...state, silentSince };
  }
  switch (message.kind) {
    case 'piece':
      return takePiece(state, context, message, measured);
    case 'want':
      return answerWant(state, context, message);
    case 'want-snapshot':
      return serveSnapshot(state, context, message);
    case 'snapshot-piece':
      return takeSnapshotPiece(state, context, message, measured);
    case 'not-yet':
      return state;
  }
}

/** A sum that was this member's to make is made. */
function takeSum(
  state: MemberState,
  context: Context,
  event: Extract<MemberEvent, { kind: 'segment-reduced' }>,
): MemberState {
  const { step, lineage, segment, stored, tally } = event;
  const work = currentWork(state);
  if (work?.step !== step || namedLineage(state) !== lineage) return dropped(state);
  const reducing = new Set(work.reducing);
  reducing.delete(segment);
  const node = rootOf(context.schedule.step(step).microBatches);
  const held = { ...stored, tally, from: state.config.id, lineage, node, segment };
  return keep(withWork(state, { ...work, reducing }), step, held);
}

/** A worker does not wait for ever: not for the coordinator, nor with a failure of its own. */
function giveUpIfLost(state: MemberState, context: Context): MemberState {
  const silence = state.now - state.heardAt;
  if (silence < state.config.times.coordinatorLostMillis) return state;
  context.emit({
    kind: 'leave',
    failure: state.failure ?? {
      code: 'COORDINATOR_LOST',
      message: `The coordinator was not heard of for ${silence} ms.`,
      hint: 'Start the coordinator again in the folder of the run, then the workers.',
      where: { worker: state.config.worker, applied: state.position?.applied ?? 0 },
    },
    retryAfterMillis: null,
  });
  return { ...state, left: true };
}

/** Everything that is due, until nothing is: an applied step may be followed by the next. */
function settle(state: MemberState, context: Context): MemberState {
  for (;;) {
    if (state.left) return state;
    const phase = state.orders?.phase;
    if (phase === 'finished' || phase === 'failed') return leave(state, context);
    if (state.failure !== null) return state;
    const applied = state.position?.applied;
    for (const part of PARTS) state = part(state, context);
    if (state.position?.applied === applied) return releaseIfStable(state, context);
  }
}

/** In the order in which a step goes; copies and evaluations come before the weights change. */
const PARTS = [
  learnIfDue,
  captureIfDue,
  evaluateIfDue,
  sendRows,
  reduceIfDue,
  sendSums,
  assembleIfDue,
  applyIfGranted,
  computeIfDue,
] as const;

function leave(state: MemberState, context: Context): MemberState {
  const failure = state.orders?.failure ?? null;
  const left = { ...state, left: true };
  context.emit({ kind: 'leave', failure, retryAfterMillis: null });
  return left;
}
