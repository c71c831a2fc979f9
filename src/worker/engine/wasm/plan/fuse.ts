import { takesPool } from '../lowering/conv2d.js';
import { INPUT, type Edge, type Graph, type PlanNode } from './graph.js';
import type { GraphNode, MapShape } from './lowering.js';

/**
 * Joins nodes that one kernel can do together. Each rule is a function of the graph that leaves
 * its meaning as it is; `fuseGraph` applies them in the order in which they make way for each
 * other.
 */
export function fuseGraph(graph: Graph): Graph {
  return [stripSoftmax, fuseRelu, dropViews, poolInConvolution, foldReluIntoPool].reduce(
    (result, rule) => rule(result),
    graph,
  );
}

/** The loss is taken on logits: a softmax at the end of the model is part of the loss. */
export function stripSoftmax(graph: Graph): Graph {
  const last = nodeOf(graph, graph.output);
  if (last?.operation.kind !== 'activation' || last.operation.function !== 'softmax') return graph;
  return last.inputs[0]!.from === INPUT ? graph : remove(graph, last);
}

/** A ReLU that is the only reader of a convolution or dense layer is applied as that one stores. */
export function fuseRelu(graph: Graph): Graph {
  let result = graph;
  for (const relu of graph.nodes) {
    if (relu.operation.kind !== 'activation' || relu.operation.function !== 'relu') continue;
    const maker = nodeOf(result, result.nodes.find((n) => n.id === relu.id)!.inputs[0]!.from);
    if (maker === undefined || !isWeighted(maker.operation)) continue;
    if (maker.operation.activation !== 'linear' || readers(result, maker.id) !== 1) continue;
    result = remove(result, relu);
    result = replace(result, maker, {
      ...maker.operation,
      activation: 'relu',
      maskGradient: true,
    });
  }
  return result;
}

/**
 * Removes a reshape whose output lies in memory as its input does: where the channels stay as they
 * are, and before dense layers, which read maps in channels-last order themselves.
 */
export function dropViews(graph: Graph): Graph {
  let result = graph;
  for (const { id } of graph.nodes) {
    const node = nodeOf(result, id)!;
    if (node.operation.kind !== 'reshape') continue;
    const input = node.inputs[0]!;
    if (input.shape.channels === node.shape.channels) {
      result = remove(result, node);
    } else if (isFlat(node.shape) && onlyDenseReaders(result, id)) {
      result = remove(result, node, input.shape);
    }
  }
  return result;
}

/** A max pool that is the only reader of a convolution is done by that one, where its kernel can. */
export function poolInConvolution(graph: Graph): Graph {
  let result = graph;
  for (const { id } of graph.nodes) {
    const pool = nodeOf(result, id)!;
    if (pool.operation.kind !== 'maxPool') continue;
    const maker = nodeOf(result, pool.inputs[0]!.from);
    if (maker?.operation.kind !== 'conv2d' || readers(result, maker.id) !== 1) continue;
    const { operation, shape } = maker;
    if (!takesPool(operation, maker.inputs[0]!.shape, shape, pool.operation)) continue;
    const { kernel, strides, dilation, pad } = pool.operation;
    const pooled = { window: { kernel, strides, dilation, pad }, map: shape };
    result = remove(result, pool);
    result = replace(
      result,
      maker,
      { ...operation, pool: pooled, maskGradient: false },
      pool.shape,
    );
  }
  return result;
}

/** A max pool behind a fused ReLU gives no gradient to zeros: the ReLU's mask is spared. */
export function foldReluIntoPool(graph: Graph): Graph {
  let result = graph;
  for (const pool of graph.nodes) {
    if (pool.operation.kind !== 'maxPool') continue;
    const maker = nodeOf(result, pool.inputs[0]!.from);
    if (maker === undefined || !isWeighted(maker.operation)) continue;
    if (maker.operation.activation !== 'relu' || readers(result, maker.id) !== 1) continue;
    result = replace(result, pool, { ...pool.operation, foldRelu: true });
    result = replace(result, maker, { ...maker.operation, maskGradient: false });
  }
  return result;
}

type Weighted = Extract<GraphNode, { readonly activation: unknown }>;

function isWeighted(operation: GraphNode): operation is Weighted {
  return 'activation' in operation;
}

function isFlat({ height, width }: MapShape): boolean {
  return height === 1 && width === 1;
}

function nodeOf(graph: Graph, id: number): PlanNode | undefined {
  return graph.nodes.find((node) => node.id === id);
}

/** How often a tensor is read, as the model's output too. */
function readers(graph: Graph, id: number): number {
  const edges = graph.nodes.flatMap((node) => node.inputs).filter((edge) => edge.from === id);
  return edges.length + (graph.output === id ? 1 : 0);
}

function onlyDenseReaders(graph: Graph, id: number): boolean {
  const reading = graph.nodes.filter((node) => node.inputs.some((edge) => edge.from === id));
  return graph.output !== id && reading.every((node) => node.operation.kind === 'dense');
}

function replace(
  graph: Graph,
  { id, shape }: PlanNode,
  operation: GraphNode,
  newShape: MapShape = shape,
): Graph {
  const nodes = graph.nodes.map((each) =>
    each.id === id ? { ...each, operation, shape: newShape } : each,
  );
  return { ...graph, nodes };
}

/** Takes a node out: its readers read its input, in the shape they saw unless another is given. */
function remove(graph: Graph, node: PlanNode, shape?: MapShape): Graph {
  const source = nodeOf(graph, node.id)!.inputs[0]!.from;
  const bridge = (edge: Edge): Edge =>
    edge.from === node.id ? { from: source, shape: shape ?? edge.shape } : edge;
  return {
    ...graph,
    nodes: graph.nodes
      .filter((each) => each.id !== node.id)
      .map((each) => ({ ...each, inputs: each.inputs.map(bridge) })),
    output: graph.output === node.id ? source : graph.output,
  };
}
