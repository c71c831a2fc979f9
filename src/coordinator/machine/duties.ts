import type { Range } from '../../shared/numerics/micro-batches.js';
import {
  childrenOf,
  isLeaf,
  nodeKey,
  rootOf,
  type TreeNode,
} from '../../shared/numerics/reduction-tree.js';
import type { Duty, Share } from '../../shared/protocol/messages.js';
import type { MemberId } from '../../shared/protocol/names.js';
import type { Context } from './context.js';
import { membersOf } from './context.js';
import { planCuts, steadyMillis } from './planner.js';
import type { CoordinatorState, Peer } from './state.js';

/** Who does what for a step. Sums that members hold are used; the rest is cut among them. */
export function dutyFor(
  state: CoordinatorState,
  context: Context,
  step: number,
  useHeld: boolean,
): Duty {
  const members = membersOf(state);
  const count = context.schedule.step(step).microBatches;
  const holders = useHeld ? members.filter(({ report }) => report.applied === step) : [];
  const { provided, lost } = whatIsHeld(count, holders);
  const computed = shareOut(lost, members, state.config.nodeMillis);
  const shares = members.map(({ id }, rank): Share => ({
    member: id,
    provide: provided.get(id) ?? [],
    compute: computed[rank] ?? [],
  }));
  return { step, shares };
}

/** The highest nodes that somebody holds, by holder, and the micro-batches under none of them. */
function whatIsHeld(
  count: number,
  holders: readonly Peer[],
): { readonly provided: ReadonlyMap<MemberId, readonly TreeNode[]>; readonly lost: number[] } {
  const holderOf = new Map<string, MemberId>();
  for (const { id, report } of holders) {
    for (const node of report.holds) {
      if (!holderOf.has(nodeKey(node))) holderOf.set(nodeKey(node), id);
    }
  }
  const provided = new Map<MemberId, TreeNode[]>();
  const lost: number[] = [];
  const visit = (node: TreeNode): void => {
    const holder = holderOf.get(nodeKey(node));
    if (holder !== undefined) {
      provided.set(holder, [...(provided.get(holder) ?? []), node]);
    } else if (isLeaf(node)) {
      lost.push(node.first);
    } else {
      for (const child of childrenOf(node)) visit(child);
    }
  };
  visit(rootOf(count));
  return { provided, lost };
}

/** Cuts a list of indices among the members, contiguously, as lists of ranges. */
export function shareOut(
  indices: readonly number[],
  members: readonly Peer[],
  nodeMillis: number,
): readonly (readonly Range[])[] {
  const millis = steadyMillis(members.map(({ report }) => report.millisPerMicroBatch));
  return planCuts(indices.length, millis, nodeMillis).map(({ first, end }) =>
    rangesOf(indices.slice(first, end)),
  );
}

function rangesOf(indices: readonly number[]): readonly Range[] {
  const ranges: Range[] = [];
  for (const index of indices) {
    const last = ranges[ranges.length - 1];
    if (last?.end === index) ranges[ranges.length - 1] = { first: last.first, end: index + 1 };
    else ranges.push({ first: index, end: index + 1 });
  }
  return ranges;
}
