import type { TreeNode } from '../numerics/reduction-tree.js';

/**
 * What things are called. A value is a pure function of its name, so whoever computed it, in
 * whatever view, it has the same bits: frames that come late, twice or from the dead do no harm.
 */

/** One life of one worker process. A restarted worker is another member. */
export type MemberId = string;

/** Stands for the coordinator where a member's id is expected, e.g. as the donor of a snapshot. */
export const COORDINATOR: MemberId = 'coordinator';

/** Hash chain over run identity, control inputs and gradient digests: 16 hex digits. */
export type Lineage = string;

/** One segment of one node of a step's reduction tree (the run is named by the envelope). */
export interface PieceName {
  /** Optimizer step, from 0. */
  readonly step: number;
  /** Of the weights that the step started from. */
  readonly lineage: Lineage;
  readonly node: TreeNode;
  /** Rows are cut in segments 0 … segments − 1. */
  readonly segment: number;
}

/** The part of a name that tells pieces of one step and lineage apart. */
export function pieceKey(node: TreeNode, segment: number): string {
  return `${node.first}-${node.end}/${segment}`;
}
