import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import { assertInternal } from '../errors.js';
import {
  allSlots,
  type MovingSlot,
  type RowLayout,
  type TrainableSlot,
  type WeightKind,
  type WeightSlot,
} from '../numerics/row-layout.js';
import { topologicalLayers, weightRole, type Layer } from './graph.js';
import { tf } from './tfjs.js';

/**
 * Where each weight of a model stands in rows and in the weights vector (row-layout.ts).
 *
 * Trainable weights: layers in reverse order of execution, a layer that runs more than once at the
 * place of its first run (backward finishes it there), within a layer in tfjs's order. Then the
 * moving mean and variance of each batch norm in the same order of layers, then frozen weights.
 * A batch norm that is frozen keeps its moving statistics among the frozen weights, and
 * normalises by them in training too, as in Keras.
 *
 * Errors: MODEL_EMPTY, MODEL_LAYER_OUTPUTS.
 */
export function rowLayout(model: LayersModel): RowLayout {
  const place = new Map(model.weights.map((weight, index) => [weight, index]));
  const trainableWeights = new Set(model.trainableWeights);
  const trainable: TrainableSlot[] = [];
  const moving: MovingSlot[] = [];
  const frozen: WeightSlot[] = [];
  let offset = 0;
  const slot = (label: string, weight: LayerVariable): WeightSlot => {
    const shape = weight.shape.map(Number);
    const length = shape.reduce((product, size) => product * size, 1);
    const made = { label, modelWeight: place.get(weight)!, shape, offset, length };
    offset += length;
    return made;
  };

  const owned = topologicalLayers(model)
    .filter((node) => !node.reused)
    .reverse()
    .flatMap(({ layer, label }) =>
      layer.weights.map((weight) => ({ layer, weight, label: `${label}/${weightRole(weight)}` })),
    );
  assertInternal(owned.length === place.size, 'The graph does not hold all weights of the model.');
  const isMoving = ({ layer, weight }: { layer: Layer; weight: LayerVariable }) =>
    movingStatistics(layer, trainableWeights).has(weight);
  for (const { label, weight, layer } of owned) {
    if (!trainableWeights.has(weight)) continue;
    trainable.push({ ...slot(label, weight), kind: weightKind(layer, weight) });
  }
  const trainableLength = offset;
  for (const { label, weight, layer } of owned.filter(isMoving)) {
    moving.push({ ...slot(label, weight), momentum: layer.getConfig()['momentum'] as number });
  }
  const lossOffset = offset;
  for (const each of owned) {
    if (!trainableWeights.has(each.weight) && !isMoving(each)) {
      frozen.push(slot(each.label, each.weight));
    }
  }
  return {
    trainable,
    moving,
    frozen,
    trainableLength,
    lossOffset,
    rowLength: lossOffset + 1,
    weightsLength: offset,
  };
}

/** The weights of the model as it stands, in layout order: float32 [layout.weightsLength]. */
export function readWeights(model: LayersModel, layout: RowLayout): Float32Array {
  const flat = new Float32Array(layout.weightsLength);
  const weights = model.weights;
  for (const { modelWeight, offset } of allSlots(layout)) {
    flat.set(weights[modelWeight]!.read().dataSync<'float32'>(), offset);
  }
  return flat;
}

/** Sets the weights of the model from `flat`, float32 [layout.weightsLength], which is copied. */
export function writeWeights(model: LayersModel, layout: RowLayout, flat: Float32Array): void {
  assertInternal(flat.length === layout.weightsLength, 'The weights do not fit the layout.');
  const weights = model.weights;
  for (const { modelWeight, offset, length, shape } of allSlots(layout)) {
    const value = tf.tensor(flat.slice(offset, offset + length), [...shape], 'float32');
    weights[modelWeight]!.write(value);
    value.dispose();
  }
}

/** Each weight's place by the tfjs variable that holds it. */
export function slotsByVariable(
  model: LayersModel,
  layout: RowLayout,
): ReadonlyMap<LayerVariable, WeightSlot> {
  const weights = model.weights;
  return new Map(allSlots(layout).map((slot) => [weights[slot.modelWeight]!, slot]));
}

function weightKind(layer: Layer, weight: LayerVariable): WeightKind {
  const className = layer.getClassName();
  const role = weightRole(weight);
  if (className.endsWith('Normalization')) return 'norm';
  if (role === 'bias') return 'bias';
  if (!/kernel$/i.test(role)) return 'other';
  return className.includes('Conv') ? 'conv' : className === 'Dense' ? 'dense' : 'other';
}

/** The statistics that a batch norm moves in training: none where it is frozen. */
function movingStatistics(
  layer: Layer,
  trainableWeights: ReadonlySet<LayerVariable>,
): ReadonlySet<LayerVariable> {
  if (layer.getClassName() !== 'BatchNormalization' || !layer.trainable) return new Set();
  const moving = layer.weights.filter((weight) => weightRole(weight).startsWith('moving'));
  const learned = layer.weights.filter((weight) => !moving.includes(weight));
  const frozen = learned.length > 0 && !learned.some((weight) => trainableWeights.has(weight));
  return new Set(frozen ? [] : moving);
}
