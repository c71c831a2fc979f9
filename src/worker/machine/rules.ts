import { additions } from '../../shared/numerics/reduction-tree.js';
import type { Lineage } from '../../shared/protocol/names.js';
import type { Orders } from '../../shared/protocol/messages.js';
import type { Kept, MemberState } from './state.js';

/**
 * The decisions on which the same bits depend, one small function each. They stand together so
 * that they can be read at one go, and so that a test can break one of them and see that the
 * simulator notices.
 */
export interface MemberRules {
  /** Whether a frame came as it was sent. */
  intact(claimed: number, measured: number): boolean;
  /** Whether a value belongs to the weights that are here. */
  ofLineage(value: Lineage, mine: Lineage): boolean;
  /** Whether who speaks is the coordinator: the highest term, and in it the first that spoke. */
  obeys(word: Pick<Orders, 'term' | 'coordinator'>, state: MemberState): boolean;
  /** Whether nobody can ask for G(step) any more. */
  releasable(step: number, orders: Orders): boolean;
  /** What of the gradients outlives a change of view: all. */
  keptAfterView(kept: ReadonlyMap<number, Kept>): ReadonlyMap<number, Kept>;
  /** Which additions make a node out of others. */
  additions: typeof additions;
}

export const MEMBER_RULES: MemberRules = Object.freeze({
  intact: (claimed: number, measured: number) => claimed === measured,
  ofLineage: (value: Lineage, mine: Lineage) => value === mine,
  obeys: ({ term, coordinator }: Pick<Orders, 'term' | 'coordinator'>, state: MemberState) =>
    term > state.term ||
    (term === state.term && (state.coordinator === null || coordinator === state.coordinator)),
  releasable: (step: number, orders: Orders) => step < orders.release,
  keptAfterView: (kept: ReadonlyMap<number, Kept>) => kept,
  additions,
});
