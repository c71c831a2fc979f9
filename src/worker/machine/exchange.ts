import { covering, nodeKey, rootOf, type TreeNode } from '../../shared/numerics/reduction-tree.js';
import type { Follower, Piece } from '../../shared/protocol/messages.js';
import {
  assignmentOf,
  currentWork,
  ownerOf,
  shareFor,
  withWork,
  type Context,
  type Part,
} from './context.js';
import { namedLineage } from './naming.js';
import { pieceAt, tallyOfSum } from './pieces.js';
import { sendToPeer } from './sending.js';
import type { Held, MemberState } from './state.js';

/** The nodes that a follower is to give to those who reduce. */
export function nodesOwedBy(
  state: MemberState,
  context: Context,
  step: number,
  { shares }: Follower,
): readonly TreeNode[] {
  const share = shareFor(state, step, shares);
  if (share === null) return [];
  const count = context.schedule.step(step).microBatches;
  return [...share.provide, ...share.compute.flatMap((range) => covering(range, count))];
}

/** Reduce-scatter: what this member has made of its rows, each segment to the one who reduces it. */
export const sendRows: Part = (state, context) => {
  const work = currentWork(state);
  const assignment = assignmentOf(state);
  if (state.orders?.phase !== 'run' || work === null || assignment === null) return state;
  const { made, sent } = work;
  if (sent.made === made.length) return state;
  for (const { node, segment } of made.slice(sent.made)) {
    const owner = ownerOf(state, segment);
    const held = pieceAt(work, node, segment);
    if (owner === null || owner === state.config.id || held === undefined) continue;
    sendToPeer(state, context, owner, pieceOf(state, work.step, held));
  }
  return withWork(state, { ...work, sent: { ...sent, made: made.length } });
};

/** Adds up the segments that are this member's to reduce, as soon as their parts are here. */
export const reduceIfDue: Part = (state, context) => {
  const work = currentWork(state);
  if (state.orders?.phase !== 'run' || work === null || work.gradient !== null) return state;
  if (work.step >= context.schedule.steps || state.position === null) return state;
  const root = rootOf(context.schedule.step(work.step).microBatches);
  const reducing = new Set(work.reducing);
  for (const [segment, { byNode, microBatches }] of work.pieces) {
    if (microBatches < root.end || byNode.has(nodeKey(root)) || reducing.has(segment)) continue;
    if (ownerOf(state, segment) !== state.config.id) continue;
    const held = [...byNode.values()];
    const list = context.rules.additions(
      held.map(({ node }) => node),
      root,
    );
    if (list === null) continue;
    reducing.add(segment);
    context.emit({
      kind: 'reduce',
      step: work.step,
      lineage: namedLineage(state),
      segment,
      inputs: held.map(({ node, payload }) => ({ node, payload })),
      additions: list,
      tally: tallyOfSum(work, segment, list, root),
    });
  }
  return reducing.size === work.reducing.size ? state : withWork(state, { ...work, reducing });
};

/** All-gather: the sums that this member made, to everybody who follows. */
export const sendSums: Part = (state, context) => {
  const { orders } = state;
  const work = currentWork(state);
  if (orders?.phase !== 'run' || work === null || work.step >= context.schedule.steps) return state;
  const followers = assignmentOf(state)?.followers ?? [];
  if (followers.length < 2) return state;
  const root = rootOf(context.schedule.step(work.step).microBatches);
  const sums = new Map(work.sent.sums);
  let isChanged = false;
  for (const segment of work.pieces.keys()) {
    const before = sums.get(segment) ?? [];
    const held = pieceAt(work, root, segment);
    if (before === followers || held === undefined) continue;
    if (ownerOf(state, segment) !== state.config.id) continue;
    const have = new Set([state.config.id, ...before.map(({ member }) => member)]);
    const piece = pieceOf(state, work.step, held);
    for (const { member } of followers) {
      if (!have.has(member)) sendToPeer(state, context, member, piece);
    }
    sums.set(segment, followers);
    isChanged = true;
  }
  return isChanged ? withWork(state, { ...work, sent: { ...work.sent, sums } }) : state;
};

export function pieceOf(state: MemberState, step: number, held: Omit<Held, 'from'>): Piece {
  const { lineage, node, segment, tally, checksum, payload } = held;
  const { run, id: from } = state.config;
  return { kind: 'piece', run, from, step, lineage, node, segment, tally, checksum, payload };
}
