import type { Range } from './micro-batches.js';

/**
 * The fixed order in which rows are added. Leaves are the micro-batches 0 … k − 1; inner nodes are
 * aligned and dyadic; where the right child is absent the left one passes up, unchanged.
 *
 *   k = 7        [0,7)
 *             ┌────┴────┐
 *           [0,4)     [4,7)
 *          ┌──┴──┐    ┌─┴──┐
 *        [0,2) [2,4) [4,6) [6,7)      node = the range of leaves below it, which names it
 *        ┌┴┐   ┌┴┐    ┌┴┐
 *        0 1   2 3    4 5    6
 *
 * Float addition is not associative: this tree decides the bits, not who arrives first.
 */
export type TreeNode = Range;

/** An addition: row(sum) = row(left) + row(right). */
export interface Addition {
  readonly left: TreeNode;
  readonly right: TreeNode;
  readonly sum: TreeNode;
}

export function rootOf(count: number): TreeNode {
  return { first: 0, end: count };
}

export function isLeaf(node: TreeNode): boolean {
  return node.end - node.first === 1;
}

export function sameNode(a: TreeNode, b: TreeNode): boolean {
  return a.first === b.first && a.end === b.end;
}

/** The left child is the largest power of two of leaves that leaves something to the right. */
export function childrenOf(node: TreeNode): readonly [TreeNode, TreeNode] {
  let half = 1;
  while (half * 2 < node.end - node.first) half *= 2;
  const middle = node.first + half;
  return [
    { first: node.first, end: middle },
    { first: middle, end: node.end },
  ];
}

/** Whether a range is a node of the tree over `count` leaves. */
export function isNode({ first, end }: Range, count: number): boolean {
  let width = 1;
  while (width < end - first) width *= 2;
  const isWhole = end - first === width || end === count;
  return end <= count && first % width === 0 && isWhole;
}

/** Whether `left` and `right` are the two children of one node of the tree over `count` leaves. */
export function areSiblings(left: TreeNode, right: TreeNode, count: number): boolean {
  const size = left.end - left.first;
  return (
    left.end === right.first &&
    (size & (size - 1)) === 0 &&
    left.first % (2 * size) === 0 &&
    right.end === Math.min(left.first + 2 * size, count)
  );
}

/** The fewest nodes that make up `range`, from left to right: what its worker holds at the end. */
export function covering(range: Range, count: number): readonly TreeNode[] {
  const nodes: TreeNode[] = [];
  const visit = (node: TreeNode): void => {
    if (node.end <= range.first || node.first >= range.end) return;
    if (node.first >= range.first && node.end <= range.end) {
      nodes.push(node);
      return;
    }
    for (const child of childrenOf(node)) visit(child);
  };
  if (range.end > range.first) visit(rootOf(count));
  return nodes;
}

/**
 * The additions, in order, that make `target` out of the nodes `held` (which may overlap), or null
 * where a micro-batch is missing. A held node is taken as it is, so survivors are used again.
 */
export function additions(held: readonly TreeNode[], target: TreeNode): readonly Addition[] | null {
  const keys = new Set(held.map((node) => nodeKey(node)));
  const list: Addition[] = [];
  const visit = (node: TreeNode): boolean => {
    if (keys.has(nodeKey(node))) return true;
    if (isLeaf(node)) return false;
    const [left, right] = childrenOf(node);
    if (!visit(left) || !visit(right)) return false;
    list.push({ left, right, sum: node });
    return true;
  };
  return visit(target) ? list : null;
}

/** A node as a key of maps. */
export function nodeKey(node: TreeNode): string {
  return `${node.first}-${node.end}`;
}
