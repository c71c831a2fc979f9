import {
  isNode,
  nodeKey,
  rootOf,
  type Addition,
  type TreeNode,
} from '../../shared/numerics/reduction-tree.js';
import { addTallies, EMPTY_TALLY, type Tally } from '../../shared/protocol/control.js';
import { pieceKey } from '../../shared/protocol/names.js';
import type { Piece } from '../../shared/protocol/messages.js';
import { dropped, emptyWork, fail, gotOn, withWork, type Context } from './context.js';
import { namedLineage } from './naming.js';
import type { EarlyPieces, Held, MemberState, SegmentPieces, Work } from './state.js';

/** Pieces of this many steps ahead are kept; what comes earlier still is asked for in its time. */
const MOST_AHEAD = 2;
/** Of the steps ahead, pieces of so many lineages: nobody who is right knows a third one. */
const MOST_LINEAGES = 2;

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
  const { checksum, payload, tally, from, lineage, node, segment, step } = piece;
  const held: Held = { checksum, payload, tally, from, lineage, node, segment };
  const at = state.position?.applied ?? state.snapshot?.applied ?? null;
  if (at === null || step > at + MOST_AHEAD || step >= context.schedule.steps)
    return dropped(state);
  if (step < at) return compareWithKept(state, step, held);
  const isPart = isNode(node, context.schedule.step(step).microBatches);
  if (!isPart || segment >= state.config.segments) return dropped(state);
  if (state.position === null || step > at) return keepEarly(state, step, held);
  if (!context.rules.ofLineage(lineage, namedLineage(state))) return dropped(state);
  return keep(state, step, held);
}

/** Puts a piece of the step under way, that came or that was made here, to the others. */
export function keep(state: MemberState, step: number, held: Held): MemberState {
  const work = state.works.get(step) ?? emptyWork(step);
  const { node, segment } = held;
  const known = work.pieces.get(segment) ?? NO_PIECES;
  const before = known.byNode.get(nodeKey(node));
  if (before !== undefined) return compare(state, step, before, held);
  const byNode = new Map(known.byNode).set(nodeKey(node), held);
  const microBatches = known.microBatches + node.end - node.first;
  const pieces = new Map(work.pieces).set(segment, { byNode, microBatches });
  return gotOn(withWork(state, { ...work, pieces }));
}

const NO_PIECES: SegmentPieces = { byNode: new Map(), microBatches: 0 };

/** Of a step to come: which lineage will be ours is not known yet. */
function keepEarly(state: MemberState, step: number, held: Held): MemberState {
  const work = state.works.get(step) ?? emptyWork(step);
  const known = work.early.get(held.lineage) ?? { byName: new Map(), conflict: null };
  if (!work.early.has(held.lineage) && work.early.size >= MOST_LINEAGES) return dropped(state);
  const name = pieceKey(held.node, held.segment);
  const before = known.byName.get(name);
  if (before !== undefined && sameBits(before, held)) return duplicate(state);
  const next: EarlyPieces =
    before === undefined
      ? { ...known, byName: new Map(known.byName).set(name, held) }
      : { ...known, conflict: [before, held] };
  return withWork(state, { ...work, early: new Map(work.early).set(held.lineage, next) });
}

/** Where names are the view's as well, a sum that comes so late has another, and is dropped. */
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
  if (sameBits(one, other)) return duplicate(state);
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

function sameBits({ checksum, tally: a }: Held, { checksum: other, tally: b }: Held): boolean {
  const sameTally = a.samples === b.samples && a.correct === b.correct && a.hash === b.hash;
  return checksum === other && sameTally;
}

function duplicate(state: MemberState): MemberState {
  const { counters } = state;
  return { ...state, counters: { ...counters, duplicates: counters.duplicates + 1 } };
}

/** When a step begins: of the pieces that came before it, those of its weights. */
export function settleEarly(state: MemberState, context: Context): MemberState {
  const { position } = state;
  const work = position === null ? undefined : state.works.get(position.applied);
  if (position === null || work === undefined) return state;
  state = withWork(state, { ...work, early: new Map() });
  for (const [lineage, { byName, conflict }] of work.early) {
    const isOurs = context.rules.ofLineage(lineage, namedLineage(state));
    for (const held of byName.values()) {
      state = isOurs ? keep(state, work.step, held) : dropped(state);
    }
    if (isOurs && conflict !== null) state = compare(state, work.step, ...conflict);
  }
  return state;
}

export function pieceAt(work: Work, node: TreeNode, segment: number): Held | undefined {
  return work.pieces.get(segment)?.byNode.get(nodeKey(node));
}

/** Segments 0 … segments − 1 of the root, undefined where one is missing. */
export function rootPieces(work: Work, count: number, segments: number): (Held | undefined)[] {
  const root = rootOf(count);
  return Array.from({ length: segments }, (_, segment) => pieceAt(work, root, segment));
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
    sums.get(nodeKey(node)) ?? pieceAt(work, node, segment)?.tally ?? EMPTY_TALLY;
  for (const { left, right, sum } of additions) {
    sums.set(nodeKey(sum), addTallies(of(left), of(right)));
  }
  return of(target);
}
