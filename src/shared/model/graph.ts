import type { LayersModel, LayerVariable, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { LockstepError } from '../errors.js';

/** A tfjs layer; tfjs exports the class only inside a namespace. */
export type Layer = LayersModel['layers'][number];

/** One application of a layer. */
export interface LayerNode {
  /** Its place in the list. */
  readonly id: number;
  readonly layer: Layer;
  /** tfjs's class name, e.g. `Conv2D`. */
  readonly className: string;
  /** The nodes whose outputs are this node's inputs, in the order of the layer's arguments. */
  readonly inputs: readonly number[];
  /** Output shape, the batch axis first and null. */
  readonly shape: readonly (number | null)[];
  /** True where the layer stands in the list before: its weights are shared. */
  readonly reused: boolean;
  /** For people, e.g. `3:conv2d`: place and kind. Layers' own names are never used. */
  readonly label: string;
}

/**
 * The layers of a model in the order in which they run: depth first from the outputs, inputs in
 * argument order. Nested models are dissolved into their layers; of input layers only the model's
 * own stay. The order follows from the graph alone, not from names, so the same model built again,
 * or loaded from its JSON, gives the same list.
 *
 * Errors: MODEL_EMPTY, MODEL_LAYER_OUTPUTS.
 */
export function topologicalLayers(model: LayersModel): readonly LayerNode[] {
  if (!model.outputs?.length || !model.inputs?.length) {
    throw new LockstepError('MODEL_EMPTY', 'The model has no layers.', {
      hint: 'Add layers; the first needs an inputShape.',
    });
  }
  const nodes: LayerNode[] = [];
  const seen = new Set<Layer>();

  const append = (layer: Layer, inputs: readonly number[], shape: readonly (number | null)[]) => {
    const id = nodes.length;
    const className = layer.getClassName();
    const label = `${id}:${kind(className)}`;
    nodes.push({ id, layer, className, inputs, shape, reused: seen.has(layer), label });
    seen.add(layer);
    return id;
  };

  /** Appends what `container` runs on the given inputs; returns the nodes of its outputs. */
  const walk = (container: LayersModel, given: readonly number[] | null): number[] => {
    const produced = new Map<SymbolicTensor, number>();
    container.inputs.forEach((input, i) => {
      produced.set(input, given?.[i] ?? append(input.sourceLayer, [], input.shape));
    });
    const visit = (tensor: SymbolicTensor): number => {
      const known = produced.get(tensor);
      if (known !== undefined) return known;
      const layer = tensor.sourceLayer;
      const call = layer.inboundNodes[tensor.nodeIndex]!;
      const inputs = call.inputTensors.map(visit);
      if (isContainer(layer)) {
        const outputs = walk(layer, inputs);
        call.outputTensors.forEach((output, i) => produced.set(output, outputs[i]!));
      } else {
        if (call.outputTensors.length !== 1) {
          throw new LockstepError(
            'MODEL_LAYER_OUTPUTS',
            `Layer ${nodes.length}:${kind(layer.getClassName())} has ${call.outputTensors.length} outputs; a layer must have one.`,
          );
        }
        produced.set(tensor, append(layer, inputs, tensor.shape));
      }
      return produced.get(tensor)!;
    };
    return container.outputs.map(visit);
  };
  walk(model, null);
  return nodes;
}

/** What a weight is to its layer: `kernel`, `bias`, `gamma`, `movingMean`, `depthwiseKernel` … */
export function weightRole(variable: LayerVariable): string {
  const name = variable.originalName.split('/').at(-1)!;
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Sequential and functional models alike, whichever copy of tfjs made them. */
function isContainer(layer: Layer): layer is LayersModel {
  return Array.isArray((layer as Partial<LayersModel>).layers);
}

/** `Conv2D` → `conv2d`, `BatchNormalization` → `batchNormalization`: tfjs's function names. */
function kind(className: string): string {
  return className.replace(/^./, (first) => first.toLowerCase()).replace(/([123])D$/, '$1d');
}
