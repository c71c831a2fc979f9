import { nodeKey, rootOf, type TreeNode } from '../../shared/numerics/reduction-tree.js';
import { pieceKey, type MemberId } from '../../shared/protocol/names.js';
import type { Want } from '../../shared/protocol/messages.js';
import { assignmentOf, currentWork, ownerOf, type Context, type Part } from './context.js';
import { nodesOwedBy, pieceOf } from './exchange.js';
import { namedLineage } from './naming.js';
import { pieceAt, rootPieces } from './pieces.js';
import { sendToPeer } from './sending.js';
import type { Held, MemberState, Work } from './state.js';

type Wanted = Map<MemberId, { readonly node: TreeNode; readonly segment: number }[]>;

/** Each asking in vain is followed by a wait twice as long, so many times: mostly all wait for one. */
const MOST_DOUBLINGS = 2;

/** What does not come is asked for: from who owes it, then from anybody who may have it. */
export const askIfStuck: Part = (state, context) => {
  const { orders, position, now, config } = state;
  const work = currentWork(state);
  if (orders?.phase !== 'run' || position === null || work === null) return state;
  if (work.gradient !== null || work.assembling || work.step >= context.schedule.steps)
    return state;
  const patience = config.times.retryMillis * (1 << Math.min(MOST_DOUBLINGS, state.asked));
  if (now - Math.max(state.gotOnAt, state.askedAt) < patience) return state;
  const wanted =
    position.applied < orders.base
      ? missedSums(state, context, work)
      : missingParts(state, context, work);
  const silentSince = new Map(state.silentSince);
  for (const [to, pieces] of wanted) {
    const { run, id: from } = config;
    const step = position.applied;
    const lineage = namedLineage(state);
    sendToPeer(state, context, to, { kind: 'want', run, from, step, lineage, pieces });
    if (!silentSince.has(to)) silentSince.set(to, now);
  }
  return { ...state, silentSince, asked: state.asked + 1, askedAt: now };
};

/** Others have applied this step; whoever kept its gradient can give all of it. */
function missedSums(state: MemberState, context: Context, work: Work): Wanted {
  const others = mayHaveSums(state);
  const source = others[state.asked % Math.max(1, others.length)];
  const root = rootOf(context.schedule.step(work.step).microBatches);
  const missing = segmentsMissing(state, context, work).map((segment) => ({ node: root, segment }));
  return source === undefined ? new Map() : new Map([[source, missing]]);
}

/** Who can have whole sums besides those that owe them; the most likely ones first. */
function mayHaveSums(state: MemberState): readonly MemberId[] {
  const { sources = [], reducers = [] } = assignmentOf(state) ?? {};
  return [...sources, ...reducers].filter((id) => id !== state.config.id);
}

function missingParts(state: MemberState, context: Context, work: Work): Wanted {
  const wanted: Wanted = new Map();
  const want = (to: MemberId, node: TreeNode, segment: number): void => {
    const list = wanted.get(to);
    if (list === undefined) wanted.set(to, [{ node, segment }]);
    else list.push({ node, segment });
  };
  const me = state.config.id;
  const others = mayHaveSums(state);
  const followers = assignmentOf(state)?.followers ?? [];
  const root = rootOf(context.schedule.step(work.step).microBatches);
  for (const segment of segmentsMissing(state, context, work)) {
    const owner = ownerOf(state, segment);
    if (owner !== me) {
      const anybody = others[(state.asked >> 1) % Math.max(1, others.length)];
      const to = state.asked % 2 === 0 ? owner : anybody;
      if (to !== null && to !== undefined) want(to, root, segment);
      continue;
    }
    if (work.reducing.has(segment)) continue;
    const here = work.pieces.get(segment)?.byNode;
    for (const follower of followers) {
      if (follower.member === me) continue;
      for (const node of nodesOwedBy(state, context, work.step, follower)) {
        if (here?.has(nodeKey(node)) !== true) want(follower.member, node, segment);
      }
    }
  }
  return wanted;
}

function segmentsMissing(state: MemberState, context: Context, work: Work): number[] {
  const count = context.schedule.step(work.step).microBatches;
  return rootPieces(work, count, state.config.segments).flatMap((held, segment) =>
    held === undefined ? [segment] : [],
  );
}

/**
 * Gives a peer what it asks for, or better: of a segment that is summed up already, the sum, for
 * the parts are gone by then. At least a sign of life.
 */
export function answerWant(state: MemberState, context: Context, want: Want): MemberState {
  const answered = new Set<string>();
  for (const { node, segment } of want.pieces) {
    const name = pieceKey(node, segment);
    if (answered.has(name)) continue;
    const held = sumKept(state, want, segment) ?? pieceHere(state, context, want, node, segment);
    if (held === null) continue;
    sendToPeer(state, context, want.from, pieceOf(state, want.step, held));
    answered.add(name);
  }
  if (answered.size === 0) {
    const { run, id: from } = state.config;
    sendToPeer(state, context, want.from, { kind: 'not-yet', run, from });
  }
  return state;
}

function sumKept(state: MemberState, want: Want, segment: number): Omit<Held, 'from'> | null {
  const kept = state.kept.get(want.step);
  const stored = kept?.segments[segment];
  if (kept === undefined || stored === undefined) return null;
  const { tally, root: node } = kept;
  const lineage = namedLineage(state, kept.lineage);
  return lineage === want.lineage ? { ...stored, tally, lineage, node, segment } : null;
}

function pieceHere(
  state: MemberState,
  context: Context,
  want: Want,
  node: TreeNode,
  segment: number,
): Held | null {
  const work = state.works.get(want.step);
  if (work === undefined) return null;
  const root = rootOf(context.schedule.step(want.step).microBatches);
  const held = pieceAt(work, root, segment) ?? pieceAt(work, node, segment);
  return held?.lineage === want.lineage ? held : null;
}

/** Peers that were asked and have been silent for too long. */
export function unreachablePeers(state: MemberState): readonly MemberId[] {
  return [...state.silentSince]
    .filter(([, since]) => state.now - since >= state.config.times.unreachableMillis)
    .map(([id]) => id);
}
