import { INPUT, type Graph, type PlanNode } from './graph.js';

/**
 * The first nodes of a graph, where nothing in them is trained or drawn: what they compute of an
 * image is the same in every epoch, and in evaluations.
 */
export interface FrozenPrefix {
  /** How many nodes of the graph, from the first on. */
  readonly nodes: number;
  /** The id of the last of them, whose output is all that the other nodes read of them. */
  readonly output: number;
}

/**
 * null where there is none worth keeping: no layer with weights in it, or several of its tensors that
 * the others read. `isFixed`: whether a node computes the same of the same input, always.
 */
export function frozenPrefix(
  graph: Graph,
  isFixed: (node: PlanNode) => boolean,
): FrozenPrefix | null {
  const fixed = new Set<number>();
  for (const node of graph.nodes) {
    const fromFixed = node.inputs.every(({ from }) => from === INPUT || fixed.has(from));
    if (fromFixed && isFixed(node)) fixed.add(node.id);
  }
  const others = graph.nodes.filter(({ id }) => !fixed.has(id));
  const read = new Set(
    others.flatMap(({ inputs }) =>
      inputs.map(({ from }) => from).filter((from) => fixed.has(from)),
    ),
  );
  const readsImages = others.some(({ inputs }) => inputs.some(({ from }) => from === INPUT));
  const [output] = read;
  if (output === undefined || read.size > 1 || readsImages) return null;
  const nodes = graph.nodes.findIndex(({ id }) => id === output) + 1;
  // All others need that output, and it needs all of these: so they stand in front.
  const inFront = graph.nodes.slice(0, nodes);
  if (nodes !== fixed.size || !inFront.every(({ id }) => fixed.has(id))) return null;
  return inFront.some(({ weights }) => 'kernel' in weights) ? { nodes, output } : null;
}
