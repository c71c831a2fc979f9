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
import { keep } from './pieces.js';
import type { Gradient, MemberState, Row } from './state.js';

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
  const [only] = ranges;
  if (only === undefined) return state;
  const whole = ranges.length === 1 && only.first === 0 && only.end === count;
  const { applied: step, lineage } = position;
  context.emit({ kind: 'compute', step, lineage, ranges, count, whole });
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

/** The compute threads are done. `gradient`: of the whole step, where they did it all. */
export function takeRows(
  state: MemberState,
  context: Context,
  answer: {
    readonly step: number;
    readonly lineage: string;
    readonly rows: readonly Row[];
    readonly millis: number;
    readonly gradient: Gradient | null;
  },
): MemberState {
  const { step, lineage, rows, millis, gradient } = answer;
  const work = currentWork(state);
  if (work === null || step !== work.step || lineage !== state.position?.lineage) {
    return dropped(state);
  }
  const count = rows.reduce((sum, { node }) => sum + node.end - node.first, 0);
  state = gotOn({ ...state, millisPerMicroBatch: count > 0 ? millis / count : 0 });
  state = withWork(state, {
    ...work,
    computing: null,
    rows: [...work.rows, ...rows.map(({ node }) => node)],
  });
  for (const { node, tally, segments } of rows) {
    segments.forEach((stored, segment) => {
      const held = { ...stored, tally, from: state.config.id, lineage, node, segment };
      state = keep(state, step, held);
    });
  }
  return gradient === null ? state : acceptGradient(state, context, gradient);
}
