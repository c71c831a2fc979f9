import { INPUT, type Graph, type PlanNode } from './graph.js';
import { sampleBytes, type TensorRef } from './lowering.js';
import type { Buffers } from './buffers.js';

/**
 * Which gradients a plan computes and where each is written. A tensor with several readers has
 * several contributions: the reader whose backward runs first (the last one of the forward pass)
 * stores its own in place, every other stores aside, and it is added right after, so that the
 * order of the sum is fixed.
 */
export interface GradientFlow {
  /** Whether a node has a backward: something trainable in it or before it. */
  has(node: PlanNode): boolean;
  /** Gradient of the loss for the output of a node, or for the decoded images. */
  of(id: number): TensorRef;
  /** For each input of a node: where its backward stores the input's gradient. */
  inputs(node: PlanNode): readonly (Contribution | null)[];
}

export interface Contribution {
  readonly stored: TensorRef;
  /** Where the contribution is then added; null where `stored` is that place. */
  readonly sum: TensorRef | null;
}

export function gradientFlow(
  graph: Graph,
  buffers: Buffers,
  batchMax: number,
  isTrained: (node: PlanNode) => boolean,
): GradientFlow {
  const wanted = new Set<number>();
  for (const node of graph.nodes) {
    const fromInputs = node.inputs.some((edge) => wanted.has(edge.from));
    if (fromInputs || isTrained(node)) wanted.add(node.id);
  }

  const gradients = new Map<number, TensorRef>();
  const shapes = new Map(graph.nodes.map((node) => [node.id, node.shape]));
  const make = (shape: TensorRef['shape']): TensorRef => ({
    ...buffers.make('gradients', batchMax * sampleBytes(shape)),
    shape,
  });
  const of = (id: number): TensorRef => {
    const known = gradients.get(id);
    if (known !== undefined) return known;
    const made = make(shapes.get(id) ?? graph.input);
    gradients.set(id, made);
    return made;
  };

  // The loss writes the gradient of the logits before any reader of theirs can.
  const written = new Set<number>([graph.output]);
  const contributions = new Map<number, readonly (Contribution | null)[]>();
  for (const node of graph.nodes.toReversed()) {
    if (!wanted.has(node.id)) continue;
    contributions.set(
      node.id,
      node.inputs.map(({ from, shape }) => {
        if (from === INPUT || !wanted.has(from)) return null;
        const sum = { ...of(from), shape };
        if (written.has(from)) return { stored: make(shape), sum };
        written.add(from);
        return { stored: sum, sum: null };
      }),
    );
  }
  return {
    has: (node) => wanted.has(node.id),
    of,
    inputs: (node) => contributions.get(node.id) ?? node.inputs.map(() => null),
  };
}
