import type { Range } from '../../shared/numerics/micro-batches.js';
import {
  childrenOf,
  isLeaf,
  nodeKey,
  rootOf,
  type TreeNode,
} from '../../shared/numerics/reduction-tree.js';
import type { Share } from '../../shared/protocol/messages.js';
import type { MemberId } from '../../shared/protocol/names.js';
import type { Context } from './context.js';
import { membersOf } from './context.js';
import { planCuts, steadyMillis } from './planner.js';
import type { CoordinatorState, Peer, Plan } from './state.js';

/**
 * Who does what for a step: sums that members hold are used, the rest is cut among them. Where a
 * plan in use says the same, it is that one: nobody need hear of it again.
 */
export function withDuty(
  state: CoordinatorState,
  context: Context,
  step: number,
  useHeld: boolean,
): CoordinatorState {
  const members = membersOf(state);
  const count = context.schedule.step(step).microBatches;
  const holders = useHeld ? members.filter(({ report }) => report.applied === step) : [];
  const { provided, lost } = whatIsHeld(count, holders);
  const computed = shareOut(lost, members, state.config.nodeMillis);
  const number = state.plans + 1;
  const shares = new Map(
    members.map(({ id }, rank): [MemberId, Share] => [
      id,
      { plan: number, provide: provided.get(id) ?? [], compute: computed[rank] ?? [] },
    ]),
  );
  const known = plansInUse(state).find((plan) => saysTheSame(plan.shares, shares));
  const plan = known ?? { number, shares };
  const duties = new Map(state.duties).set(step, { step, plan });
  return { ...state, duties, plans: Math.max(state.plans, plan.number) };
}

/** In order of the steps that they are for. */
export function plansInUse(state: CoordinatorState): readonly Plan[] {
  return [...new Set([...state.duties.values()].map(({ plan }) => plan))];
}

function saysTheSame(one: Plan['shares'], other: Plan['shares']): boolean {
  if (one.size !== other.size) return false;
  for (const [id, { provide, compute }] of other) {
    const share = one.get(id);
    if (share === undefined) return false;
    if (!sameRanges(share.compute, compute) || !sameRanges(share.provide, provide)) return false;
  }
  return true;
}

export function sameRanges(one: readonly Range[], other: readonly Range[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ first, end }, i) => first === other[i]!.first && end === other[i]!.end)
  );
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
      const nodes = provided.get(holder);
      if (nodes === undefined) provided.set(holder, [node]);
      else nodes.push(node);
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
