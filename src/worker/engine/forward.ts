import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import { topologicalLayers, weightRole, type LayerNode } from '../../shared/model/graph.js';
import { slotsByVariable } from '../../shared/model/layout.js';
import { tf } from '../../shared/model/tfjs.js';
import type { RowLayout } from '../../shared/numerics/row-layout.js';
import { isChannelNoise } from './coverage.js';

/** Takes a batch norm's statistic of the micro-batch, [channels], for the row. */
export type StatisticSink = (moving: LayerVariable, statistic: Tensor) => void;

/** A dropout layer that drops something: its place among the model's, and what it draws. */
export interface DropSite {
  /** 0 for the model's first dropout layer, and so on. */
  readonly ordinal: number;
  readonly rate: number;
  /** Whole channels instead of single elements. */
  readonly spatial: boolean;
  /** Of one sample. */
  readonly shape: readonly number[];
}

/** How training differs from inference; null for inference. */
export interface TrainingMode {
  /** Applies a mask of the site to x, [size, ...site.shape]. */
  drop(site: DropSite, x: Tensor): Tensor;
  readonly statistic: StatisticSink;
}

/** A layer as the engine computes it, where that is not as TensorFlow.js does; else null. */
export type LayerOverride = (node: LayerNode, x: Tensor) => Tensor | null;

export type Forward = (images: Tensor, training: TrainingMode | null) => Tensor2D;

/**
 * The model as a function from images [size, height, width, channels] to logits [size, classes]:
 * layer by layer as tfjs applies them, masks of time steps included, but for `override`, except that
 * the caller drops, batch norm hands out its statistics instead of moving them, and the last softmax
 * is left to the loss. Takes the model over: its last layer may lose its activation.
 * `at` is told which layer is under way, and null after the last.
 */
export function forwardOf(
  model: LayersModel,
  layout: RowLayout,
  override: LayerOverride = () => null,
  at: (label: string | null) => void = () => undefined,
): Forward {
  const nodes = topologicalLayers(model);
  stripSoftmax(nodes.at(-1)!);
  const moving = movingVariables(model, layout);
  const sites = dropSites(model);
  const run = (
    node: LayerNode,
    inputs: Tensor[],
    mask: Tensor | null,
    training: TrainingMode | null,
  ): Tensor => {
    const x = inputs[0]!;
    const site = sites.get(node.id);
    if (site || dropsNothing(node)) return training && site ? training.drop(site, x) : x;
    if (training && node.layer.weights.some((weight) => moving.has(weight))) {
      return batchNorm(node, x, training.statistic);
    }
    const other = override(node, x);
    if (other) return other;
    // A batch norm that comes here is frozen, and keeps to its moving statistics.
    const trains = training !== null && node.className !== 'BatchNormalization';
    const how = { training: trains, ...(mask !== null && { mask }) };
    return node.layer.apply(inputs.length === 1 ? x : inputs, how) as Tensor;
  };
  return (images, training) => {
    const outputs: Tensor[] = [];
    const masks: (Tensor | null)[] = [];
    for (const node of nodes) {
      at(node.label);
      const inputs = node.inputs.map((id) => outputs[id]!);
      const given = node.inputs.map((id) => masks[id]!);
      const isInput = node.className === 'InputLayer';
      outputs.push(isInput ? images : run(node, inputs, given.find(Boolean) ?? null, training));
      masks.push(isInput ? null : maskAfter(node, inputs, given));
    }
    at(null);
    return outputs.at(-1) as Tensor2D;
  };
}

/** Which time steps the layer's output has; null: all. As tfjs hands it on. */
function maskAfter(
  { layer }: LayerNode,
  inputs: Tensor[],
  given: readonly (Tensor | null)[],
): Tensor | null {
  if (!layer.supportsMasking) return null;
  const single = inputs.length === 1;
  const masks = single ? given[0] : given.some(Boolean) ? given : null;
  const mask = layer.computeMask(single ? inputs[0]! : inputs, masks as Tensor) as
    Tensor | Tensor[] | null;
  return Array.isArray(mask) ? (mask[0] ?? null) : mask;
}

function isDropout({ className }: LayerNode): boolean {
  return className === 'Dropout' || className === 'SpatialDropout1D';
}

function dropsNothing(node: LayerNode): boolean {
  const rate = node.layer.getConfig()['rate'] as number;
  return isDropout(node) && (rate <= 0 || rate >= 1); // as in tfjs
}

function movingVariables(model: LayersModel, layout: RowLayout): ReadonlySet<LayerVariable> {
  const places = new Set(layout.moving.map(({ offset }) => offset));
  const slots = [...slotsByVariable(model, layout)];
  return new Set(slots.filter(([, slot]) => places.has(slot.offset)).map(([variable]) => variable));
}

/**
 * The dropout layers that drop something by Lockstep's own draws, by their nodes. A noiseShape that
 * these do not know is left to tfjs.
 */
export function dropSites(model: LayersModel): ReadonlyMap<number, DropSite> {
  const layers = topologicalLayers(model).filter(isDropout);
  return new Map(
    layers.flatMap((node, ordinal): [number, DropSite][] => {
      const config = node.layer.getConfig();
      const rate = config['rate'] as number;
      if (dropsNothing(node)) return [];
      const noise = config['noiseShape'] as readonly (number | null)[] | null | undefined;
      const spatial =
        node.className === 'SpatialDropout1D' || (!!noise?.length && isChannelNoise(noise));
      if (!spatial && noise?.length) return [];
      return [[node.id, { ordinal, rate, spatial, shape: node.shape.slice(1) as number[] }]];
    }),
  );
}

/** By the micro-batch's own mean and (biased) variance, through which gradients flow. */
function batchNorm({ layer }: LayerNode, x: Tensor, statistic: StatisticSink): Tensor {
  const config = layer.getConfig();
  const weights = new Map(layer.weights.map((weight) => [weightRole(weight), weight]));
  const axis = ((config['axis'] as number) + x.rank) % x.rank;
  const others = x.shape.map((_, i) => i).filter((i) => i !== axis);
  const along = x.shape.map((size, i) => (i === axis ? size : 1));
  const { mean, variance } = tf.moments(x, others, true);
  statistic(weights.get('movingMean')!, mean);
  statistic(weights.get('movingVariance')!, variance);
  const inverse = tf.rsqrt(tf.add(variance, config['epsilon'] as number));
  let y: Tensor = tf.mul(tf.sub(x, mean), inverse);
  const gamma = weights.get('gamma');
  const beta = weights.get('beta');
  if (gamma) y = tf.mul(y, tf.reshape(gamma.read(), along));
  if (beta) y = tf.add(y, tf.reshape(beta.read(), along));
  return y;
}

/** Makes a softmax (or its logarithm) at the end of the model the identity. */
function stripSoftmax({ className, layer }: LayerNode): void {
  const activation = layer.getConfig()['activation'];
  if (className === 'Softmax') {
    layer.apply = (input) => input as Tensor;
  } else if (activation === 'softmax' || activation === 'logSoftmax') {
    const linear = tf.layers.activation({ activation: 'linear' });
    (layer as unknown as Activated).activation = (linear as unknown as Activated).activation;
  }
}

/** Layers that apply an activation keep it here; tfjs declares it protected. */
interface Activated {
  activation: unknown;
}
