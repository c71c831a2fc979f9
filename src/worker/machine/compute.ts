import type { Range } from '../../shared/numerics/micro-batches.js';
import { covering, type TreeNode } from '../../shared/numerics/reduction-tree.js';
import {
  assignmentOf,
  currentWork,
  dropped,
  gotOn,
  shareFor,
  withWork,
  type Context,
  type Part,
} from './context.js';
import { acceptGradient } from './gradient.js';
import { namedLineage } from './naming.js';
import { keep } from './pieces.js';
import type { MemberEvent, MemberState } from './state.js';

type EventOf<Kind extends MemberEvent['kind']> = Extract<MemberEvent, { kind: Kind }>;

/** Starts what is left of this member's share of the step; one computation at a time. */
export const computeIfDue: Part = (state, context) => {
  const { orders, position } = state;
  const work = currentWork(state);
  if (orders?.phase !== 'run' || position === null || work === null) return state;
  if (position.applied < orders.base || work.computing !== null || work.gradient !== null) {
    return state;
  }
  const share = shareFor(state, position.applied, assignmentOf(state)?.shares);
  if (share === null) return state;
  const count = context.schedule.step(position.applied).microBatches;
  // What lies beyond the step, nobody can compute: asked for, it would be asked for again for ever.
  const ranges = share.compute.flatMap(({ first, end }) =>
    uncovered({ first, end: Math.min(end, count) }, work.rows),
  );
  if (ranges.length === 0) return state;
  const step = position.applied;
  const lineage = namedLineage(state);
  context.emit({ kind: 'compute', step, lineage, ranges, count });
  return withWork(state, { ...work, computing: ranges });
};

/** The parts of `range` that lie under none of `nodes`. */
export function uncovered(range: Range, nodes: readonly TreeNode[]): readonly Range[] {
  const parts: Range[] = [];
  let { first } = range;
  for (const node of [...nodes].sort((a, b) => a.first - b.first)) {
    if (node.end <= first) continue;
    if (node.first >= range.end) break;
    if (node.first > first) parts.push({ first, end: node.first });
    first = node.end;
  }
  if (first < range.end) parts.push({ first, end: range.end });
  return parts;
}

/** Rows that this member has or will soon have, without being asked again. */
export function rowsInHand(state: MemberState, context: Context): readonly TreeNode[] {
  const work = currentWork(state);
  if (work === null || state.position === null) return [];
  if (state.position.applied >= context.schedule.steps) return [];
  const count = context.schedule.step(state.position.applied).microBatches;
  const coming = (work.computing ?? []).flatMap((range) => covering(range, count));
  return [...work.rows, ...coming];
}

/** A segment of a row is final, while the compute threads go on. */
export function takeSegment(
  state: MemberState,
  { step, lineage, node, segment, tally, stored }: EventOf<'segment-computed'>,
): MemberState {
  const work = currentWork(state);
  if (work?.step !== step || lineage !== namedLineage(state)) return dropped(state);
  const made = [...work.made, { node, segment }];
  const held = { ...stored, tally, from: state.config.id, lineage, node, segment };
  return keep(withWork(state, { ...work, made }), step, held);
}

/**
 * The compute threads are done. The step may be behind already: its last segment was all that was
 * missing of it.
 */
export function takeComputed(
  state: MemberState,
  context: Context,
  { step, lineage, microBatches, millis }: EventOf<'computed'>,
): MemberState {
  state = { ...state, millisPerMicroBatch: millis / microBatches };
  const work = currentWork(state);
  if (work?.step !== step || lineage !== namedLineage(state)) return state;
  const { microBatches: count } = context.schedule.step(step);
  const nodes = (work.computing ?? []).flatMap((range) => covering(range, count));
  return gotOn(withWork(state, { ...work, computing: null, rows: [...work.rows, ...nodes] }));
}

/** The compute threads have done the whole step, alone. */
export function takeWhole(
  state: MemberState,
  context: Context,
  { step, lineage, row, millis, gradient }: EventOf<'computed-whole'>,
): MemberState {
  const work = currentWork(state);
  if (work?.step !== step || lineage !== namedLineage(state)) return dropped(state);
  const { node, tally, segments } = row;
  state = gotOn({ ...state, millisPerMicroBatch: millis / (node.end - node.first) });
  const made = segments.map((_, segment) => ({ node, segment }));
  state = withWork(state, { ...work, computing: null, rows: [...work.rows, node], made });
  segments.forEach((stored, segment) => {
    const held = { ...stored, tally, from: state.config.id, lineage, node, segment };
    state = keep(state, step, held);
  });
  return acceptGradient(state, context, gradient);
}
