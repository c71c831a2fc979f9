import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ChannelStatistics } from '../../shared/data/channel-statistics.js';
import { LockstepError } from '../../shared/errors.js';
import { topologicalLayers, weightRole } from '../../shared/model/graph.js';
import { rowLayout, slotsByVariable } from '../../shared/model/layout.js';
import { tf } from '../../shared/model/tfjs.js';
import type { RowLayout } from '../../shared/numerics/row-layout.js';

/** Known by this name, also in a model that was saved and comes back. */
const NAME = 'input_normalization';

export interface NormalizedModel {
  readonly model: LayersModel;
  readonly layout: RowLayout;
  /** Whether the model came with the layer, and so with statistics of its own. */
  readonly hadLayer: boolean;
}

/**
 * The model with a layer before all others that shifts and scales each channel: a batch norm that
 * is frozen, so that it is saved with the model, travels with it, and any program computes it. The
 * model that is given is not changed; its weights are copied. One that has the layer stays as it is.
 *
 * Errors: MODEL_UNSUPPORTED.
 */
export async function withNormalization(model: LayersModel): Promise<NormalizedModel> {
  if (normalization(model) !== null) return { model, layout: rowLayout(model), hadLayer: true };
  const topology = structuredClone(model.toJSON(null, false)) as unknown as Topology;
  insertLayer(topology);
  try {
    const made = await tf.models.modelFromJSON({ modelTopology: topology } as never);
    copyWeights(model, made);
    return { model: made, layout: rowLayout(made), hadLayer: false };
  } catch (cause) {
    throw new LockstepError(
      'MODEL_UNSUPPORTED',
      `The model cannot be built again with a normalisation before it: ${cause instanceof Error ? cause.message : String(cause)}`,
      { hint: 'Leave --normalize out, and normalise in a layer of your own.', cause },
    );
  }
}

/** Writes the statistics into `weights`, float32 [layout.weightsLength], where the layer has them. */
export function placeStatistics(
  { model, layout }: Pick<NormalizedModel, 'model' | 'layout'>,
  statistics: readonly ChannelStatistics[],
  weights: Float32Array,
): void {
  const slots = slotsByVariable(model, layout);
  for (const variable of normalization(model)!.weights) {
    const { offset } = slots.get(variable)!;
    statistics.forEach(({ mean, variance }, channel) => {
      const values: Readonly<Record<string, number>> = {
        ...{ gamma: 1, beta: 0, movingMean: mean },
        // A channel that is the same everywhere is shifted, and not scaled.
        movingVariance: variance === 0 ? 1 : variance,
      };
      weights[offset + channel] = values[weightRole(variable)]!;
    });
  }
}

function normalization(model: LayersModel): LayersModel['layers'][number] | null {
  return topologicalLayers(model).find(({ layer }) => layer.name === NAME)?.layer ?? null;
}

/** As tfjs writes a model: names as in Keras's JSON. */
interface Topology {
  readonly class_name: string;
  readonly config: {
    readonly layers: LayerJson[];
    readonly input_layers?: readonly (readonly [string, ...unknown[]])[];
  };
}

interface LayerJson {
  readonly name?: string;
  readonly class_name: string;
  readonly config: Record<string, unknown>;
  readonly inbound_nodes?: (readonly [string, number, number, object][])[];
}

function insertLayer({ class_name: kind, config }: Topology): void {
  const { layers } = config;
  if (kind === 'Sequential') {
    const isInput = layers[0]!.class_name === 'InputLayer';
    const shape = isInput ? {} : { batch_input_shape: inputShapeOf(layers[0]!) };
    layers.splice(isInput ? 1 : 0, 0, {
      class_name: 'BatchNormalization',
      config: { ...LAYER, ...shape },
    });
    return;
  }
  const input = config.input_layers![0]![0];
  for (const layer of layers) {
    for (const [i, node] of (layer.inbound_nodes ?? []).entries()) {
      layer.inbound_nodes![i] = node.map(([name, at, tensor, args]) =>
        name === input ? [NAME, 0, 0, args] : [name, at, tensor, args],
      );
    }
  }
  const after = layers.findIndex(({ name }) => name === input) + 1;
  layers.splice(after, 0, {
    ...{ name: NAME, class_name: 'BatchNormalization', config: { ...LAYER } },
    inbound_nodes: [[[input, 0, 0, {}]]],
  });
}

/** Of a first layer; of a model that stands there, of its own first layer. */
function inputShapeOf({ config }: LayerJson): unknown {
  const inner = config['layers'] as readonly LayerJson[] | undefined;
  return config['batch_input_shape'] ?? (inner === undefined ? undefined : inputShapeOf(inner[0]!));
}

const ZEROS = { class_name: 'Zeros', config: {} } as const;
const ONES = { class_name: 'Ones', config: {} } as const;

/** y = (x − mean)/√(variance + ε), with Keras's ε for normalisation. */
const LAYER = {
  name: NAME,
  trainable: false,
  axis: -1,
  epsilon: 1e-7,
  // TensorFlow.js has no gradient through a batch norm that lacks one of these.
  center: true,
  scale: true,
  beta_initializer: ZEROS,
  gamma_initializer: ONES,
  moving_mean_initializer: ZEROS,
  moving_variance_initializer: ONES,
} as const;

/** Values, and which of them train: of the latter a topology does not tell all. */
function copyWeights(from: LayersModel, to: LayersModel): void {
  const layers = topologicalLayers(to).filter(({ layer }) => layer.name !== NAME);
  topologicalLayers(from).forEach(({ layer }, i) => {
    layers[i]!.layer.trainable = layer.trainable;
  });
  // After the layers: to set one sets all its weights.
  const made = new Map(to.weights.map((weight) => [weight.originalName, weight]));
  for (const weight of from.weights) {
    const copy = made.get(weight.originalName)!;
    copy.write(weight.read());
    copy.trainable = weight.trainable;
  }
}
