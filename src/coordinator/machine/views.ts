import { COORDINATOR, type MemberId } from '../../shared/protocol/names.js';
import type { Failure, Learning, Report } from '../../shared/protocol/messages.js';
import { refuseRemoved } from './peers.js';
import { failRun, membersOf, withRole, type Context, type Part } from './context.js';
import { relaysWithout } from './relays.js';
import { adoptRecords, giveUpLost } from './records.js';
import { withDuty } from './duties.js';
import type { CoordinatorState, Peer } from './state.js';

/** Announces a view; its members stop applying and report. */
export function announce(
  state: CoordinatorState,
  context: Context,
  members: readonly MemberId[],
): CoordinatorState {
  const named = new Set(members);
  for (const id of state.view.members) {
    if (!named.has(id)) state = withRole(state, context, id, 'candidate');
  }
  for (const id of members) state = withRole(state, context, id, 'member');
  const learners = new Map([...state.learners].filter(([id]) => !named.has(id)));
  const { capture } = state;
  const keepsCapture = capture !== null && capture.by.every((id) => named.has(id));
  const next: CoordinatorState = {
    ...state,
    view: { number: state.view.number + 1, members },
    phase: 'gather',
    gotOnAt: state.now,
    viewedAt: state.now,
    learners,
    capture: keepsCapture ? capture : null,
    checkpointWanted: state.checkpointWanted || (capture !== null && !keepsCapture),
    evaluation: state.evaluation === null ? null : { ...state.evaluation, shares: [] },
  };
  return members.length > 0 ? next : beginFromFolder(next, context);
}

/** Nobody has a state: the run goes on from what the folder has, as soon as somebody has learnt it. */
function beginFromFolder(state: CoordinatorState, context: Context): CoordinatorState {
  const { applied } = state.stored;
  if (!state.config.exact) {
    if (state.begun && state.recording > applied) {
      return failRun(state, cannotRepeat(state, applied));
    }
    const lineages = [...state.lineages].filter(([known]) => known <= applied);
    state = { ...state, lineages: new Map(lineages) };
  }
  if (!state.begun) {
    context.emit({ kind: 'began', base: applied, view: state.view, cutMetricsAt: applied });
    state = { ...state, recording: applied, durable: applied };
  }
  return {
    ...state,
    phase: 'run',
    begun: true,
    base: applied,
    stable: applied,
    upTo: applied,
    sources: [],
    duties: new Map(),
    controls: new Map(),
    learners: new Map(
      [...state.learners.keys()].map((id) => [id, { from: applied, donors: [COORDINATOR] }]),
    ),
    capture: null,
    evaluation: null,
  };
}

/**
 * Whoever is behind when a view begins learns anew: the members that kept the gradients it lacks
 * may be gone.
 */
function learnersAt(state: CoordinatorState): ReadonlyMap<MemberId, Learning> {
  const donors = state.sources.slice(0, 2);
  return new Map(
    [...state.learners].map(([id, learner]) => {
      const report = state.peers.get(id)?.report;
      const isBehind = report?.learntFrom !== learner.from || (report.applied ?? -1) < state.base;
      return [id, isBehind ? { from: state.base, donors } : learner] as const;
    }),
  );
}

/** The first view of this coordinator: those whose state is the newest and fits the folder. */
export const formFirstView: Part = (state, context) => {
  if (state.phase !== 'waiting') return state;
  const { config, now } = state;
  const waited = now - state.gotOnAt;
  const enough = state.peers.size >= config.minWorkers;
  const expected = config.expectWorkers !== null && state.peers.size >= config.expectWorkers;
  const isOver = waited >= config.times.pauseMillis;
  if (!enough) return isOver ? failRun(state, tooFew(state)) : state;
  if (!expected && !isOver && waited < config.times.helloMillis) return state;
  const usable = [...state.peers.values()].filter((peer) => {
    if (peer.report.applied === null) return false;
    if (fitsFolder(state, peer.report)) return true;
    context.emit({ kind: 'warn', failure: strangeChain(peer) });
    return false;
  });
  const highest = Math.max(-1, ...usable.map(({ report }) => report.applied ?? -1));
  const members = usable.filter(({ report }) => (report.applied ?? -1) >= highest - config.ahead);
  const agreed = config.exact ? members : ofOneWay(members, context);
  const ids = highest < state.stored.applied ? [] : agreed.map(({ id }) => id);
  return announce(state, context, ids);
};

/** Where a step may have been made twice: those that went the way of one who is furthest. */
function ofOneWay(members: readonly Peer[], context: Context): readonly Peer[] {
  const [furthest] = [...members].sort((a, b) => (b.report.applied ?? 0) - (a.report.applied ?? 0));
  const way = furthest === undefined ? new Map() : lineagesOf(furthest.report);
  return members.filter((peer) => {
    const isSame = [...lineagesOf(peer.report)].every(
      ([applied, lineage]) => (way.get(applied) ?? lineage) === lineage,
    );
    if (!isSame) context.emit({ kind: 'warn', failure: strangeChain(peer) });
    return isSame;
  });
}

function fitsFolder(state: CoordinatorState, report: Report): boolean {
  const known = new Map(state.lineages).set(state.stored.applied, state.stored.lineage);
  return [...lineagesOf(report)].every(([applied, lineage]) => {
    const ours = known.get(applied);
    return ours === undefined || ours === lineage;
  });
}

/** The chain as far as a report tells it: lineage after so many steps. */
function lineagesOf(report: Report): ReadonlyMap<number, string> {
  const chain = new Map<number, string>();
  if (report.applied !== null && report.lineage !== null) chain.set(report.applied, report.lineage);
  for (const { step, before, after } of report.records) {
    chain.set(step, before);
    chain.set(step + 1, after);
  }
  return chain;
}

/** All members of the view have reported: from where does it go on, and who does what? */
export const settleView: Part = (state, context) => {
  if (state.phase !== 'gather') return state;
  const members = membersOf(state);
  const answered = members.every(
    ({ report }) => report.term === state.term && report.view === state.view.number,
  );
  if (!answered) return state;
  const applied = members.map(({ report }) => report.applied ?? 0);
  const base = Math.max(...applied);
  const kept = new Set(members.flatMap(({ report }) => report.keeps));
  const inReach = members.filter((member) => canReach(base, member, kept));
  if (inReach.length < members.length) {
    const ids = inReach.map(({ id }) => id);
    return announce(state, context, ids);
  }
  if (!state.config.exact && base < state.recording)
    return failRun(state, cannotRepeat(state, base));
  const disagreement = findDisagreement(members);
  if (disagreement !== null) return failRun(state, disagreement);
  // All at once: one member may have the links that another lacks.
  const records = members.flatMap(({ report }) => report.records);
  records.sort((a, b) => a.step - b.step);
  state = giveUpLost({ ...state, stable: Math.min(...applied) }, context, records, base);
  state = adoptRecords(state, context, records);
  if (state.phase !== 'gather') return state;
  const lineages = new Map(state.lineages);
  for (const { report } of members) {
    const isSettled = state.config.exact || report.applied === state.stable;
    if (isSettled && report.applied !== null && report.lineage !== null) {
      lineages.set(report.applied, report.lineage);
    }
  }
  if (!state.begun) {
    context.emit({ kind: 'began', base, view: state.view, cutMetricsAt: null });
  }
  const next: CoordinatorState = {
    ...state,
    phase: 'run',
    begun: true,
    gotOnAt: state.now,
    lineages,
    base,
    // All stand still: what was granted above it is void.
    upTo: base,
    sources: members.filter(({ report }) => report.applied === base).map(({ id }) => id),
  };
  const going: CoordinatorState = { ...next, duties: new Map(), learners: learnersAt(next) };
  return base < next.lastStep ? withDuty(going, context, base, true) : going;
};

/** Whether a member can get to `base`: somebody still has the gradients that it lacks. */
function canReach(base: number, { report }: Peer, kept: ReadonlySet<number>): boolean {
  for (let step = report.applied ?? 0; step < base; step++) if (!kept.has(step)) return false;
  return true;
}

/** Two members whose chains differ: the same name would have different bits. */
function findDisagreement(members: readonly Peer[]): Failure | null {
  const known = new Map<number, { readonly worker: string; readonly lineage: string }>();
  for (const { worker, report } of members) {
    for (const [applied, lineage] of lineagesOf(report)) {
      const other = known.get(applied);
      if (other === undefined) known.set(applied, { worker, lineage });
      else if (other.lineage !== lineage) return diverged(applied, other.worker, worker);
    }
  }
  return null;
}

/** Takes peers out of the run; the rest goes on in a new view. */
export function removePeers(
  state: CoordinatorState,
  context: Context,
  out: readonly { readonly peer: Peer; readonly failure: Failure }[],
): CoordinatorState {
  if (out.length === 0) return state;
  const peers = new Map(state.peers);
  const removed = new Map(state.removed);
  const removals = new Map(state.removals);
  const learners = new Map(state.learners);
  for (const { peer, failure } of out) {
    peers.delete(peer.id);
    learners.delete(peer.id);
    removed.set(peer.id, peer.worker);
    removals.set(peer.worker, (removals.get(peer.worker) ?? 0) + 1);
    context.emit({ kind: 'warn', failure });
  }
  const gone = new Set(out.map(({ peer }) => peer.id));
  const relays = relaysWithout(state.relays, gone);
  state = { ...state, peers, removed, removals, learners, relays };
  for (const id of gone) refuseRemoved(state, context, id);
  const left = state.view.members.filter((id) => !gone.has(id));
  if (left.length === state.view.members.length) return state;
  return announce(state, context, left);
}

/** All that had applied these steps are gone, and others would come to other bits. */
function cannotRepeat({ recording, stored }: CoordinatorState, base: number): Failure {
  return {
    code: 'RUN_NOT_REPEATABLE',
    message:
      `No worker that is here has applied steps ${base + 1} to ${recording}. With rounded rows or ` +
      `mixed engines, these steps cannot be computed again to the same bits.`,
    hint: `Resume: the run goes on from the checkpoint after ${stored.applied} steps.`,
    where: { base, recording },
  };
}

function strangeChain({ worker, report }: Peer): Failure {
  return {
    code: 'PROTOCOL_DIVERGED',
    message: `Worker ${worker} has a state after ${report.applied ?? 0} steps that does not follow from the folder's.`,
    hint: 'It takes a new snapshot; nothing needs to be done.',
    where: { worker },
  };
}

export function diverged(applied: number, one: string, other: string): Failure {
  return {
    code: 'PROTOCOL_DIVERGED',
    message: `Workers ${one} and ${other} have different weights after ${applied} steps.`,
    hint: 'One of them computes wrongly: check its memory and processor. Resume from a checkpoint.',
    where: { applied, one, other },
  };
}

export function tooFew(state: CoordinatorState): Failure {
  const alive = state.view.members.length > 0 ? state.view.members.length : state.peers.size;
  return {
    code: 'RUN_TOO_FEW_WORKERS',
    message:
      `${alive} of at least ${state.config.minWorkers} workers were there for ` +
      `${state.config.times.pauseMillis} ms.`,
    hint: `Start more workers and resume: the newest checkpoint is after ${state.stored.applied} steps.`,
    where: { applied: state.stored.applied, workers: alive },
  };
}
