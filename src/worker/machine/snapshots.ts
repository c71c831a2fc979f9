import { COORDINATOR } from '../../shared/protocol/names.js';
import type { SnapshotPiece, WantSnapshot } from '../../shared/protocol/messages.js';
import { assignmentOf, dropped, gotOn, type Context, type Part } from './context.js';
import { settleEarly } from './pieces.js';
import { isRelayed, sendToPeer } from './sending.js';
import type { Captured, MemberState, Position, Snapshot } from './state.js';

/** Puts copies of the state aside where orders say so, and lets go of those done with. */
export const captureIfDue: Part = (state, context) => {
  const { orders, position } = state;
  if (orders?.phase !== 'run' || position === null) return state;
  const mine = orders.captures.filter(({ by }) => by?.includes(state.config.id) ?? true);
  const captured = new Map<number, Captured>(state.captured);
  for (const applied of state.captured.keys()) {
    if (mine.some((capture) => capture.applied === applied)) continue;
    captured.delete(applied);
    context.emit({ kind: 'discard', applied });
  }
  const { applied, lineage, standing } = position;
  const due = mine.some((capture) => capture.applied === applied) && !captured.has(applied);
  if (due) {
    captured.set(applied, { lineage, digest: null });
    context.emit({ kind: 'capture', applied, lineage, standing });
  }
  return due || captured.size !== state.captured.size ? { ...state, captured } : state;
};

export function serveSnapshot(
  state: MemberState,
  context: Context,
  want: WantSnapshot,
): MemberState {
  const captured = state.captured.get(want.applied);
  if (captured === undefined || captured.digest === null) {
    const { run, id: from } = state.config;
    sendToPeer(state, context, want.from, { kind: 'not-yet', run, from });
    return state;
  }
  const { lineage } = captured;
  const relayed = isRelayed(state, want.from);
  for (const segment of want.segments) {
    const { from: to, applied } = want;
    context.emit({ kind: 'send-snapshot', to, applied, lineage, segment, relayed });
  }
  return state;
}

/** A learner: which snapshot it is to take, and asking for what is missing of it. */
export const learnIfDue: Part = (state, context) => {
  const assignment = assignmentOf(state);
  const { orders, now, config } = state;
  if (assignment === null) return state;
  const { learning: learner } = assignment;
  if (learner === null) {
    const isOver = orders?.phase === 'run' && state.learntFrom !== null;
    return isOver ? { ...state, learntFrom: null } : state;
  }
  if (orders?.phase !== 'run' || state.learntFrom === learner.from) return state;
  if (state.snapshot?.applied !== learner.from) {
    const snapshot: Snapshot = {
      applied: learner.from,
      lineage: null,
      segments: new Map(),
      count: null,
      restoring: false,
    };
    // A state of its own, if it has one, is of no use: too old, or of another lineage.
    const reset = {
      position: null,
      learntFrom: null,
      works: new Map(),
      kept: new Map(),
      records: [],
    };
    state = gotOn({ ...state, ...reset, snapshot, askedAt: now - config.times.retryMillis });
  }
  const { snapshot } = state;
  if (snapshot === null || snapshot.restoring || learner.donors.length === 0) return state;
  if (now - state.askedAt < config.times.retryMillis) return state;
  // How many segments there are comes with the first.
  const all = Array.from({ length: snapshot.count ?? 1 }, (_, segment) => segment);
  const missing = all.filter((segment) => !snapshot.segments.has(segment));
  learner.donors.forEach((donor, place) => {
    const segments = missing.filter(
      (_, index) => (index + state.asked) % learner.donors.length === place,
    );
    if (segments.length === 0) return;
    const { run, id: from } = config;
    const message = {
      kind: 'want-snapshot',
      run,
      from,
      applied: snapshot.applied,
      segments,
    } as const;
    if (donor === COORDINATOR) context.emit({ kind: 'send', to: donor, message });
    else sendToPeer(state, context, donor, message);
  });
  return { ...state, asked: state.asked + 1, askedAt: now };
};

export function takeSnapshotPiece(
  state: MemberState,
  context: Context,
  piece: SnapshotPiece,
  measured: number,
): MemberState {
  const { snapshot } = state;
  if (!context.rules.intact(piece.checksum, measured)) {
    const { counters } = state;
    return { ...state, counters: { ...counters, corrupt: counters.corrupt + 1 } };
  }
  if (snapshot === null || state.position !== null || snapshot.restoring) return dropped(state);
  if (piece.applied !== snapshot.applied) return dropped(state);
  if (snapshot.lineage !== null && piece.lineage !== snapshot.lineage) return dropped(state);
  const segments = new Map(snapshot.segments).set(piece.segment, piece.payload);
  const isFirst = snapshot.count === null;
  const next = { ...snapshot, segments, count: piece.segments, lineage: piece.lineage };
  state = gotOn({ ...state, snapshot: next });
  // The rest is asked for at once.
  if (isFirst) state = { ...state, askedAt: state.now - state.config.times.retryMillis };
  if (segments.size < piece.segments) return state;
  const payloads = Array.from({ length: piece.segments }, (_, segment) => segments.get(segment));
  const { applied, lineage } = piece;
  context.emit({ kind: 'restore', applied, lineage, payloads });
  return { ...state, snapshot: { ...next, restoring: true } };
}

/** The snapshot is this member's state now; from here it follows like everyone. */
export function takeRestored(
  state: MemberState,
  context: Context,
  { applied, lineage, standing }: Position,
): MemberState {
  const { snapshot } = state;
  if (snapshot?.restoring !== true || snapshot.applied !== applied) return dropped(state);
  const position = { applied, lineage, standing };
  const works = new Map([...state.works].filter(([step]) => step >= applied));
  return gotOn(
    settleEarly({ ...state, works, snapshot: null, learntFrom: applied, position }, context),
  );
}
