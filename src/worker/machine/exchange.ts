import { covering, rootOf, type TreeNode } from '../../shared/numerics/reduction-tree.js';
import { pieceKey, type MemberId } from '../../shared/protocol/names.js';
import type { Piece } from '../../shared/protocol/messages.js';
import { currentWork, ownerOf, shareOf, withWork, type Context, type Part } from './context.js';
import { nodesBySegment, tallyOfSum } from './pieces.js';
import { sendToPeer } from './sending.js';
import type { Held, MemberState } from './state.js';

/** The nodes that a member is to give to those who reduce; everybody can tell them. */
export function nodesOwedBy(
  state: MemberState,
  context: Context,
  step: number,
  member: MemberId,
): readonly TreeNode[] {
  const share = shareOf(state, step, member);
  if (share === null) return [];
  const count = context.schedule.step(step).microBatches;
  return [...share.provide, ...share.compute.flatMap((range) => covering(range, count))];
}

/** Reduce-scatter: this member's own rows, each segment to the one who reduces it. */
export const sendRows: Part = (state, context) => {
  const work = currentWork(state);
  if (state.orders?.phase !== 'run' || work === null || work.rows.length === 0) return state;
  const sent = new Set(work.sent);
  for (const node of work.rows) {
    for (let segment = 0; segment < state.config.segments; segment++) {
      const owner = ownerOf(state, segment);
      const held = work.pieces.get(pieceKey(node, segment));
      if (owner === null || owner === state.config.id || held === undefined) continue;
      sendOnce(state, context, sent, owner, work.step, held);
    }
  }
  return sent.size === work.sent.size ? state : withWork(state, { ...work, sent });
};

/** Adds up the segments that are this member's to reduce, as soon as their parts are here. */
export const reduceIfDue: Part = (state, context) => {
  const work = currentWork(state);
  if (state.orders?.phase !== 'run' || work === null || work.gradient !== null) return state;
  if (work.step >= context.schedule.steps || state.position === null) return state;
  const root = rootOf(context.schedule.step(work.step).microBatches);
  const reducing = new Set(work.reducing);
  for (const [segment, nodes] of nodesBySegment(work)) {
    if (ownerOf(state, segment) !== state.config.id || reducing.has(segment)) continue;
    if (work.pieces.has(pieceKey(root, segment))) continue;
    const list = context.rules.additions(nodes, root);
    if (list === null) continue;
    reducing.add(segment);
    const inputs = nodes.map((node) => ({
      node,
      payload: work.pieces.get(pieceKey(node, segment))?.payload,
    }));
    context.emit({
      kind: 'reduce',
      step: work.step,
      lineage: state.position.lineage,
      segment,
      inputs,
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
  const followers = [...orders.view.members, ...orders.learners.map(({ member }) => member)];
  if (followers.length < 2) return state;
  const root = rootOf(context.schedule.step(work.step).microBatches);
  const sent = new Set(work.sent);
  for (let segment = 0; segment < state.config.segments; segment++) {
    const held = work.pieces.get(pieceKey(root, segment));
    if (held === undefined || ownerOf(state, segment) !== state.config.id) continue;
    for (const follower of followers) {
      if (follower === state.config.id) continue;
      sendOnce(state, context, sent, follower, work.step, held);
    }
  }
  return sent.size === work.sent.size ? state : withWork(state, { ...work, sent });
};

function sendOnce(
  state: MemberState,
  context: Context,
  sent: Set<string>,
  to: MemberId,
  step: number,
  held: Held,
): void {
  const key = `${to}/${pieceKey(held.node, held.segment)}`;
  if (sent.has(key)) return;
  sent.add(key);
  sendToPeer(state, context, to, pieceOf(state, step, held));
}

export function pieceOf(state: MemberState, step: number, held: Omit<Held, 'from'>): Piece {
  const { lineage, node, segment, tally, checksum, payload } = held;
  const { run, id: from } = state.config;
  return { kind: 'piece', run, from, step, lineage, node, segment, tally, checksum, payload };
}
