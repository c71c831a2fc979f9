import {
  nodeKey,
  rootOf,
  type Addition,
  type TreeNode,
} from '../../shared/numerics/reduction-tree.js';
import { addTallies, EMPTY_TALLY, type Tally } from '../../shared/protocol/control.js';
import { pieceKey } from '../../shared/protocol/names.js';
import type { Piece } from '../../shared/protocol/messages.js';
import { dropped, emptyWork, fail, gotOn, withWork, type Context } from './context.js';
import type { Held, MemberState, Work } from './state.js';

/** Pieces of this many steps ahead are kept; what comes earlier still is asked for in its time. */
const MOST_AHEAD = 8;

/** What a member does with a piece that came: keep, compare and drop, or drop. */
export function takePiece(
  state: MemberState,
  context: Context,
  piece: Piece,
  measured: number,
): MemberState {
  if (!context.rules.intact(piece.checksum, measured)) {
    const { counters } = state;
    return { ...state, counters: { ...counters, corrupt: counters.corrupt + 1 } };
  }
  const { checksum, payload, tally, from, lineage, node, segment } = piece;
  const held: Held = { checksum, payload, tally, from, lineage, node, segment };
  const at = state.position?.applied ?? state.snapshot?.applied ?? null;
  if (at === null || piece.step > at + MOST_AHEAD) return dropped(state);
  if (piece.step < at) return compareWithKept(state, piece.step, held);
  const current = state.position !== null && piece.step === at;
  if (current && !context.rules.ofLineage(lineage, state.position.lineage)) return dropped(state);
  return keep(state, piece.step, held, current);
}

/** Puts a piece that came, or that was made here, to the others of its step. */
export function keep(state: MemberState, step: number, held: Held, current: boolean): MemberState {
  const work = state.works.get(step) ?? emptyWork(step);
  const name = pieceKey(held.node, held.segment);
  const key = current ? name : `${name}@${held.lineage}`;
  const before = work.pieces.get(key);
  if (before !== undefined) return compare(state, step, before, held);
  const pieces = new Map(work.pieces);
  pieces.set(key, held);
  return gotOn(withWork(state, { ...work, pieces }));
}

function compareWithKept(state: MemberState, step: number, held: Held): MemberState {
  const kept = state.kept.get(step);
  const isRoot = kept?.root.first === held.node.first && kept.root.end === held.node.end;
  const stored = kept?.segments[held.segment];
  if (kept === undefined || !isRoot || stored === undefined || kept.lineage !== held.lineage) {
    return dropped(state);
  }
  return compare(state, step, { ...held, ...stored, tally: kept.tally }, held);
}

/** The same name: the same bits, or somebody computes wrongly. */
function compare(state: MemberState, step: number, one: Held, other: Held): MemberState {
  if (one.checksum === other.checksum && sameTally(one.tally, other.tally)) {
    const { counters } = state;
    return { ...state, counters: { ...counters, duplicates: counters.duplicates + 1 } };
  }
  const { node, segment } = one;
  return fail(state, {
    code: 'PROTOCOL_DIVERGED',
    message:
      `Step ${step + 1}: ${one.from} and ${other.from} give different bits for segment ${segment} of ` +
      `the sum over micro-batches ${node.first} to ${node.end - 1}.`,
    hint: 'One of them computes wrongly: compare their probe rows, check their memory.',
    where: { step: step + 1, phase: 'reduce', one: one.from, other: other.from },
  });
}

function sameTally(a: Tally, b: Tally): boolean {
  return a.samples === b.samples && a.correct === b.correct && a.hash === b.hash;
}

/** When a step begins: of the pieces that came before it, those of its weights. */
export function settleEarly(state: MemberState, context: Context): MemberState {
  const { position } = state;
  const work = position === null ? undefined : state.works.get(position.applied);
  if (position === null || work === undefined) return state;
  const pieces = new Map<string, Held>();
  for (const held of work.pieces.values()) {
    if (context.rules.ofLineage(held.lineage, position.lineage)) {
      pieces.set(pieceKey(held.node, held.segment), held);
    } else {
      state = dropped(state);
    }
  }
  return withWork(state, { ...work, pieces });
}

/** Segments 0 … segments − 1 of the root, undefined where one is missing. */
export function rootPieces(work: Work, count: number, segments: number): (Held | undefined)[] {
  const root = rootOf(count);
  return Array.from({ length: segments }, (_, segment) => work.pieces.get(pieceKey(root, segment)));
}

/** Which nodes are here, segment by segment. */
export function nodesBySegment(work: Work): ReadonlyMap<number, readonly TreeNode[]> {
  const bySegment = new Map<number, TreeNode[]>();
  for (const { segment, node } of work.pieces.values()) {
    const nodes = bySegment.get(segment);
    if (nodes === undefined) bySegment.set(segment, [node]);
    else nodes.push(node);
  }
  return bySegment;
}

/** The tally of a sum, added up in the same additions as its row. */
export function tallyOfSum(
  work: Work,
  segment: number,
  additions: readonly Addition[],
  target: TreeNode,
): Tally {
  const sums = new Map<string, Tally>();
  const of = (node: TreeNode): Tally =>
    sums.get(nodeKey(node)) ?? work.pieces.get(pieceKey(node, segment))?.tally ?? EMPTY_TALLY;
  for (const { left, right, sum } of additions) {
    sums.set(nodeKey(sum), addTallies(of(left), of(right)));
  }
  return of(target);
}
