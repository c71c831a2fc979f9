import type { LayersModel } from '@tensorflow/tfjs-layers';
import { assertInternal, LockstepError } from '../../../../shared/errors.js';
import { topologicalLayers, weightRole, type LayerNode } from '../../../../shared/model/graph.js';
import { weightPenalty } from '../../weight-penalty.js';
import type { GraphNode, MapShape } from './lowering.js';
import { refuseLayer } from './refusal.js';
import { translateLayer } from './translate.js';

/**
 * What the engine computes, in the order in which it computes it: a list of nodes joined by edges.
 * `modelGraph` makes one node of each thing that a layer does; `fuse.ts` then joins them.
 */
export interface Graph {
  readonly input: MapShape;
  readonly nodes: readonly PlanNode[];
  /** The node whose output are the logits. */
  readonly output: number;
}

export interface PlanNode {
  /** Known by it to edges; stays the same while other nodes come and go. */
  readonly id: number;
  /** For people: the label of the layer it came from. */
  readonly label: string;
  readonly operation: GraphNode;
  readonly inputs: readonly Edge[];
  /** Of its output. */
  readonly shape: MapShape;
  /** Index into `model.weights` by role: kernel, bias, gamma, beta, movingMean, movingVariance. */
  readonly weights: Readonly<Record<string, number>>;
}

export interface Edge {
  /** The node that made the tensor, or INPUT. */
  readonly from: number;
  /** As its reader sees it: another shape than its maker's where a view lies between. */
  readonly shape: MapShape;
}

/** The decoded images, as the maker of a tensor. */
export const INPUT = -1;

/**
 * The graph of a model, node by node as tfjs has it.
 *
 * Errors: ENGINE_LAYER_UNSUPPORTED names the layer, why, and what to do.
 */
export function modelGraph(model: LayersModel): Graph {
  const layers = topologicalLayers(model);
  checkModel(model);
  const places = new Map(model.weights.map((weight, index) => [weight, index]));
  const nodes: PlanNode[] = [];
  const outputs: Edge[] = []; // of each layer
  let ordinal = 0;
  for (const layer of layers) {
    if (layer.className === 'InputLayer') {
      outputs.push({ from: INPUT, shape: mapShape(layer) });
      continue;
    }
    checkLayer(layer);
    const pieces = translateLayer({
      layer,
      inputs: layer.inputs.map((id) => outputs[id]!.shape),
      output: mapShape(layer),
      isOutput: layer.id === layers.length - 1,
      // Every dropout layer counts, one that drops nothing too.
      dropoutOrdinal: layer.className === 'Dropout' ? ordinal++ : 0,
    });
    let inputs: readonly Edge[] = layer.inputs.map((id) => outputs[id]!);
    for (const { operation, shape, weights } of pieces) {
      const id = nodes.length;
      nodes.push({
        id,
        label: layer.label,
        operation,
        inputs,
        shape,
        weights: Object.fromEntries(
          Object.entries(weights).map(([role, name]) => [role, weightPlace(layer, name, places)]),
        ),
      });
      inputs = [{ from: id, shape }];
    }
    assertInternal(inputs.length === 1, `Layer ${layer.label} has no single output.`);
    outputs.push(inputs[0]!);
  }
  const output = outputs.at(-1)!;
  const last = layers.at(-1)!;
  if (output.from === INPUT || last.shape.length !== 2) {
    refuseLayer(
      last.label,
      `gives [${last.shape.slice(1).join(', ')}], where one vector of class scores is needed`,
      'End the model with Flatten or a global pooling, and a Dense layer of one unit a class.',
    );
  }
  return { input: outputs[0]!.shape, nodes, output: output.from };
}

function checkModel(model: LayersModel): void {
  if (model.inputs.length !== 1 || model.outputs.length !== 1) {
    throw new LockstepError(
      'ENGINE_LAYER_UNSUPPORTED',
      `The model has ${model.inputs.length} inputs and ${model.outputs.length} outputs; ` +
        'the wasm engine covers one of each.',
      { hint: 'Give it one input, the image, and one output, the class scores.' },
    );
  }
  const batch = model.inputs[0]!.shape[0];
  if (batch !== null && batch !== undefined) {
    throw new LockstepError(
      'ENGINE_LAYER_UNSUPPORTED',
      `The model is built for batches of exactly ${batch}; micro-batches differ in size.`,
      { hint: 'Give its first layer inputShape instead of batchInputShape.' },
    );
  }
}

function checkLayer({ layer, label, reused }: LayerNode): void {
  if (reused) {
    refuseLayer(
      label,
      'is applied more than once',
      'Make a layer of its own for each place, or use the reference engine.',
    );
  }
  const config = layer.getConfig();
  const penalty = weightPenalty(layer);
  if (penalty !== null) {
    refuseLayer(
      label,
      `has a ${penalty}, which the training does not apply`,
      `Leave ${penalty} out of the layer.`,
    );
  }
  if (config['dataFormat'] === 'channelsFirst') {
    refuseLayer(label, 'has dataFormat channelsFirst', 'Use channelsLast, the default.');
  }
  const other = layer.weights.find((weight) => weight.dtype !== 'float32');
  if (other !== undefined) {
    refuseLayer(label, `has ${other.dtype} weights`, 'Use float32, the default.');
  }
}

function mapShape({ label, shape }: LayerNode): MapShape {
  const sizes = shape.slice(1);
  if (sizes.some((size) => size === null) || (sizes.length !== 1 && sizes.length !== 3)) {
    refuseLayer(
      label,
      `gives the shape [${sizes.map((size) => size ?? '?').join(', ')}]`,
      'Use known shapes of the forms [height, width, channels] and [features].',
    );
  }
  const [height, width, channels] = sizes.length === 1 ? [1, 1, sizes[0]!] : sizes;
  return { height: height!, width: width!, channels: channels! };
}

function weightPlace(
  { layer, label }: LayerNode,
  name: string,
  places: ReadonlyMap<LayersModel['weights'][number], number>,
): number {
  const weight = layer.weights.find((each) => weightRole(each) === name);
  const place = weight && places.get(weight);
  assertInternal(place !== undefined, `Layer ${label} has no weight ${name}.`);
  return place;
}
