import { rangesWithout, type Range } from '../../shared/numerics/micro-batches.js';
import type { Assignment, Follower, Share } from '../../shared/protocol/messages.js';
import type { MemberId } from '../../shared/protocol/names.js';
import { membersOf, type Context } from './context.js';
import { plansInUse, sameRanges } from './duties.js';
import { relayedFor } from './relays.js';
import type { Assigned, AssignmentSources, CoordinatorState, Peer } from './state.js';

/**
 * Tells each member and learner what is its own, where that has changed, or where its reports do
 * not show that it came. `isHeartbeat`: time for what can wait, so that many who join at once, or
 * many results, are many no longer: whom sums are sent to, and what need not be evaluated again.
 */
export function sendAssignments(
  state: CoordinatorState,
  context: Context,
  isHeartbeat: boolean,
): CoordinatorState {
  if (state.phase !== 'run' && state.phase !== 'summarizing') return state;
  const before = state.assignedFor;
  if (isHeartbeat || before?.view !== state.view) {
    const followers = [...state.learners.keys()];
    if (!sameItems(followers, state.followers)) state = { ...state, followers };
  }
  const sources = sourcesOf(state, isHeartbeat);
  const isNew = before === null || !sameSources(before, sources);
  if (isNew) state = renewed(state, context, sources);
  return isHeartbeat ? repeated(state, context) : state;
}

function sourcesOf(state: CoordinatorState, isHeartbeat: boolean): AssignmentSources {
  const { view, phase, learners, followers, relays, evaluation, assignedFor } = state;
  const isOpen = evaluation !== null && evaluation.sums === null;
  const shares = isOpen ? evaluation.shares : null;
  const isNewEvaluation = shares !== assignedFor?.shares;
  const asOfNow = isHeartbeat || isNewEvaluation;
  return {
    view,
    phase,
    plans: plansInUse(state),
    learners,
    followers,
    relays,
    shares,
    results: !isOpen ? null : asOfNow ? evaluation.results : (assignedFor?.results ?? null),
  };
}

function sameSources(one: AssignmentSources, other: AssignmentSources): boolean {
  const { plans, ...rest } = one;
  return (
    sameItems(plans, other.plans) &&
    Object.entries(rest).every(([name, value]) => value === other[name as keyof typeof rest])
  );
}

/** Makes all assignments anew; those that come out otherwise are sent. */
function renewed(
  state: CoordinatorState,
  context: Context,
  sources: AssignmentSources,
): CoordinatorState {
  const { config, view, term } = state;
  const sequence = state.sequence + 1;
  const reducers = view.members.slice(0, config.segments);
  const reduces = new Set(reducers);
  const shares = sharesByMember(sources);
  const followers: readonly Follower[] = [
    ...view.members.map((member) => ({ member, shares: shares.get(member) ?? [] })),
    ...sources.followers.map((member) => ({ member, shares: [] })),
  ];
  const pieces = new Map(sources.shares?.map((share) => [share.member, share.pieces]));
  const assigned = new Map<MemberId, Assigned>();
  const assign = (to: MemberId, own: Pick<Assignment, 'learning' | 'shares' | 'sources'>): void => {
    const known = state.assigned.get(to);
    const message: Assignment = {
      kind: 'assignment',
      run: config.run,
      term,
      coordinator: config.id,
      to,
      number: sequence,
      view: view.number,
      ...own,
      reducers,
      followers: reduces.has(to) ? followers : [],
      relayed: relayedFor(state, to),
      evaluation: evaluationOf(state, sources, pieces.get(to) ?? []),
    };
    if (known !== undefined && sameAssignment(known.message, message)) {
      assigned.set(to, known);
      return;
    }
    assigned.set(to, { message, sentAt: state.now });
    context.emit({ kind: 'send', to, message });
  };
  for (const [rank, peer] of membersOf(state).entries()) {
    const behind = sourcesFor(state, peer, rank);
    assign(peer.id, { learning: null, shares: shares.get(peer.id) ?? [], sources: behind });
  }
  for (const [id, learning] of state.learners) {
    assign(id, { learning, shares: [], sources: [] });
  }
  return { ...state, assigned, assignedFor: sources, sequence };
}

function sharesByMember({ plans }: AssignmentSources): ReadonlyMap<MemberId, readonly Share[]> {
  const byMember = new Map<MemberId, Share[]>();
  for (const { number: plan, shares } of plans) {
    for (const [id, share] of shares) {
      const list = byMember.get(id);
      const own = { ...share, plan };
      if (list === undefined) byMember.set(id, [own]);
      else list.push(own);
    }
  }
  return byMember;
}

/** So many to ask are enough: if all of them die, there is another view. */
const MOST_SOURCES = 4;

/** For who is behind the view's base: members that have kept what it lacks, others for each. */
function sourcesFor(
  { base, view, peers }: CoordinatorState,
  { id, report }: Peer,
  rank: number,
): readonly MemberId[] {
  const sources: MemberId[] = [];
  const applied = report.applied ?? 0;
  if (applied >= base) return sources;
  const { members } = view;
  for (let i = 1; i < members.length && sources.length < MOST_SOURCES; i++) {
    const other = members[(rank + i) % members.length]!;
    const keeps = peers.get(other)?.report.keeps ?? [];
    if (other !== id && keeps.includes(applied)) sources.push(other);
  }
  return sources;
}

/** What is still missing of its pieces; null: nothing. */
function evaluationOf(
  { evaluation }: CoordinatorState,
  { results }: AssignmentSources,
  shares: readonly Range[],
): Assignment['evaluation'] {
  if (evaluation === null || results === null) return null;
  const pieces = shares.flatMap((range) => rangesWithout(range, results));
  return pieces.length === 0
    ? null
    : { applied: evaluation.applied, which: evaluation.which, pieces };
}

/** What was not answered within two heartbeats may be lost. */
function repeated(state: CoordinatorState, context: Context): CoordinatorState {
  const { now, term, config } = state;
  const late = [...state.assigned].filter(([id, { message, sentAt }]) => {
    const report = state.peers.get(id)?.report;
    const isKnown = report?.term === term && report.assignment === message.number;
    return !isKnown && now - sentAt >= 2 * config.times.heartbeatMillis;
  });
  if (late.length === 0) return state;
  const assigned = new Map(state.assigned);
  for (const [to, { message }] of late) {
    assigned.set(to, { message, sentAt: now });
    context.emit({ kind: 'send', to, message });
  }
  return { ...state, assigned };
}

function sameAssignment(one: Assignment, other: Assignment): boolean {
  return (
    one.view === other.view &&
    one.learning === other.learning &&
    sameItems(one.reducers, other.reducers) &&
    sameShares(one.shares, other.shares) &&
    sameFollowers(one.followers, other.followers) &&
    sameItems(one.sources, other.sources) &&
    sameItems(one.relayed, other.relayed) &&
    one.evaluation?.applied === other.evaluation?.applied &&
    one.evaluation?.which === other.evaluation?.which &&
    sameRanges(one.evaluation?.pieces ?? [], other.evaluation?.pieces ?? [])
  );
}

function sameFollowers(one: readonly Follower[], other: readonly Follower[]): boolean {
  return (
    one.length === other.length &&
    one.every(
      ({ member, shares }, i) =>
        member === other[i]!.member && sameShares(shares, other[i]!.shares),
    )
  );
}

/** A plan never changes: its number says all. */
function sameShares(one: readonly Share[], other: readonly Share[]): boolean {
  return one.length === other.length && one.every(({ plan }, i) => plan === other[i]!.plan);
}

function sameItems<Item>(one: readonly Item[], other: readonly Item[]): boolean {
  return one.length === other.length && one.every((item, i) => item === other[i]);
}
