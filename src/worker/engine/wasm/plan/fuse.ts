import { takesPool } from '../lowering/conv2d.js';
import { keepsPlaces } from '../lowering/fused-pool.js';
import { isFirstLayer } from '../lowering/first-layer.js';
import { INPUT, type Edge, type Graph, type PlanNode } from './graph.js';
import {
  sameShape,
  type BatchNormNode,
  type FusedPoolWindow,
  type GraphNode,
  type MapShape,
  type PoolNode,
} from './lowering.js';

/**
 * Joins nodes that one kernel can do together. Each rule is a function of the graph that leaves
 * its meaning as it is; `fuseGraph` applies them in the order in which they make way for each
 * other.
 */
export function fuseGraph(graph: Graph): Graph {
  return [
    stripSoftmax,
    fuseRelu,
    dropViews,
    poolBeforeLeakyRelu,
    normInFirstLayer,
    poolInConvolution,
    followNorm,
    foldReluIntoPool,
  ].reduce((result, rule) => rule(result), graph);
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

/**
 * A max pool behind a leaky ReLU that it alone reads changes places with it: the greatest value stays
 * the greatest. The activation is then of the pooled map, and the pool joins what made the map. With
 * a slope of 0 values below 0 would be alike, and the pool could take another of them.
 */
export function poolBeforeLeakyRelu(graph: Graph): Graph {
  let result = graph;
  for (const { id } of graph.nodes) {
    const pool = nodeOf(result, id)!;
    if (pool.operation.kind !== 'maxPool') continue;
    const leaky = nodeOf(result, pool.inputs[0]!.from);
    if (leaky?.operation.kind !== 'activation' || leaky.operation.function !== 'leakyRelu')
      continue;
    if (leaky.operation.alpha <= 0 || readers(result, leaky.id) !== 1) continue;
    if (!sameShape(pool.inputs[0]!.shape, leaky.shape)) continue;
    const first: PlanNode = { ...pool, id: leaky.id, inputs: leaky.inputs };
    const inputs = [{ from: leaky.id, shape: pool.shape }];
    const second: PlanNode = { ...leaky, id, inputs, shape: pool.shape };
    const nodes = result.nodes.map((node) =>
      node.id === first.id ? first : node.id === second.id ? second : node,
    );
    result = { ...result, nodes };
  }
  return result;
}

/**
 * In a first layer that its kernel does in one pass, convolution, batch norm, ReLU (or none) and max
 * pool become one node.
 */
export function normInFirstLayer(graph: Graph): Graph {
  let result = graph;
  for (const { id } of graph.nodes) {
    const pool = nodeOf(result, id);
    if (pool?.operation.kind !== 'maxPool') continue;
    const before = (node: PlanNode) => {
      const maker = nodeOf(result, node.inputs[0]!.from);
      return maker && readers(result, maker.id) === 1 ? maker : undefined;
    };
    let norm = before(pool);
    const isRelu = norm?.operation.kind === 'activation' && norm.operation.function === 'relu';
    const relu = isRelu ? norm! : null;
    if (relu !== null) norm = before(relu);
    if (norm?.operation.kind !== 'batchNorm') continue;
    const conv = before(norm);
    const path = relu === null ? [pool, norm] : [pool, relu, norm];
    if (conv?.operation.kind !== 'conv2d' || conv.operation.activation !== 'linear') continue;
    const input = conv.inputs[0]!;
    if (input.from !== INPUT) continue;
    if (!path.every((node) => sameShape(node.inputs[0]!.shape, conv.shape))) continue;
    if (!isFirstLayer(conv.operation, input.shape, conv.shape, pool.operation, pool.shape))
      continue;
    const fused: PlanNode = {
      ...conv,
      label: `${conv.label}, ${norm.label}`,
      operation: {
        ...conv.operation,
        norm: norm.operation,
        activation: relu === null ? 'linear' : 'relu',
        pool: fusedWindow(pool.operation, conv.shape),
      },
      shape: pool.shape,
      weights: { ...conv.weights, ...norm.weights },
    };
    for (const node of path) result = remove(result, node);
    result = { ...result, nodes: result.nodes.map((node) => (node.id === conv.id ? fused : node)) };
  }
  return result;
}

/** A max pool that is the only reader of a convolution is done by that one, where its kernel can. */
export function poolInConvolution(graph: Graph): Graph {
  let result = graph;
  for (const { id } of graph.nodes) {
    const pool = nodeOf(result, id);
    if (pool?.operation.kind !== 'maxPool') continue;
    const maker = nodeOf(result, pool.inputs[0]!.from);
    if (maker?.operation.kind !== 'conv2d' || readers(result, maker.id) !== 1) continue;
    const { operation, shape } = maker;
    if (!sameShape(pool.inputs[0]!.shape, shape)) continue;
    const input = maker.inputs[0]!;
    const isFirst = input.from === INPUT;
    if (!takesPool(operation, input.shape, shape, pool.operation, pool.shape, isFirst)) continue;
    const pooled = fusedWindow(pool.operation, shape);
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

/**
 * A batch norm does the ReLU that is its only reader, and then the max pool or dropout that is the
 * only reader of that, while its planes are in the cache.
 */
export function followNorm(graph: Graph): Graph {
  let result = graph;
  for (const { id, operation: before } of graph.nodes) {
    if (before.kind !== 'batchNorm') continue;
    for (;;) {
      const norm = nodeOf(result, id)!;
      const next = onlyReader(result, norm);
      const operation = next && followedBy(norm, next);
      if (!operation) break;
      result = remove(result, next);
      result = replace(result, norm, operation, next.shape);
    }
  }
  return result;
}

/** The batch norm that does `next` too; null where it cannot. */
function followedBy({ operation: norm }: PlanNode, next: PlanNode): BatchNormNode | null {
  if (norm.kind !== 'batchNorm' || norm.pool !== null || norm.dropout !== null) return null;
  const { operation } = next;
  if (operation.kind === 'activation' && operation.function === 'relu') {
    return norm.activation === 'linear' ? { ...norm, activation: 'relu' } : null;
  }
  if (operation.kind === 'maxPool') {
    // As the pool sees it: a view may lie between.
    const map = next.inputs[0]!.shape;
    return keepsPlaces(operation) ? { ...norm, pool: fusedWindow(operation, map) } : null;
  }
  // A spatial dropout, and one that drops nothing, have no mask by element.
  const drops = operation.kind === 'dropout' && !operation.spatial && operation.rate > 0;
  return drops ? { ...norm, dropout: operation } : null;
}

function fusedWindow({ kernel, strides, dilation, pad }: PoolNode, map: MapShape): FusedPoolWindow {
  return { window: { kernel, strides, dilation, pad }, map };
}

/** The node that alone reads a tensor, once, with the channels that it has. */
function onlyReader(graph: Graph, { id, shape }: PlanNode): PlanNode | undefined {
  if (readers(graph, id) !== 1) return undefined;
  const reader = graph.nodes.find((node) => node.inputs.some((edge) => edge.from === id));
  return reader?.inputs[0]?.shape.channels === shape.channels ? reader : undefined;
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

type Weighted = Extract<GraphNode, { readonly maskGradient: unknown }>;

function isWeighted(operation: GraphNode): operation is Weighted {
  return 'maskGradient' in operation;
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
