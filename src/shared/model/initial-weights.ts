import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import { LockstepError } from '../errors.js';
import { philox4x32 } from '../numerics/philox.js';
import { allSlots, type RowLayout } from '../numerics/row-layout.js';
import { PURPOSE, seedKey, streamWord } from '../numerics/streams.js';
import { topologicalLayers, weightRole, type Layer } from './graph.js';
import {
  constantOf,
  fillByInitializer,
  type Draw,
  type InitializerConfig,
} from './initializers.js';
import { readWeights } from './layout.js';

/** `seeded`: drawn by each layer's initializer from the run's seed. `model`: as they stand. */
export type InitialWeightsMode = 'seeded' | 'model';

/**
 * The weights that training starts from: float32 [layout.weightsLength]. A seeded weight depends
 * on the seed, its place in the layout, its shape and its initializer; on nothing that tfjs draws.
 *
 * Errors: MODEL_INITIALIZER.
 */
export function initialWeights(
  model: LayersModel,
  layout: RowLayout,
  seed: number,
  mode: InitialWeightsMode,
): Float32Array {
  if (mode === 'model') return readWeights(model, layout);
  const flat = new Float32Array(layout.weightsLength);
  const owners = weightOwners(model);
  allSlots(layout).forEach(({ modelWeight, offset, length, shape, label }, index) => {
    const variable = model.weights[modelWeight]!;
    const initializer = initializerOf(owners.get(variable)!, variable, label);
    const out = flat.subarray(offset, offset + length);
    fillByInitializer(out, shape, initializer, uniformDraws(seed, index), label);
  });
  return flat;
}

/**
 * A weight of the model that has left the constant its initializer gives (a bias that is not zero,
 * a moving mean …), which shows that the model was trained or loaded before; null where none has.
 */
export function trainedWeight(model: LayersModel, layout: RowLayout): string | null {
  const owners = weightOwners(model);
  for (const { modelWeight, label } of allSlots(layout)) {
    const variable = model.weights[modelWeight]!;
    const initializer = owners.get(variable)!.getConfig()[configKey(variable)];
    const constant = isInitializer(initializer) ? constantOf(initializer) : null;
    if (constant === null) continue;
    if (
      variable
        .read()
        .dataSync()
        .some((value) => value !== constant)
    )
      return label;
  }
  return null;
}

function weightOwners(model: LayersModel): ReadonlyMap<LayerVariable, Layer> {
  return new Map(
    topologicalLayers(model).flatMap(({ layer }) =>
      layer.weights.map((weight) => [weight, layer] as const),
    ),
  );
}

function initializerOf(layer: Layer, variable: LayerVariable, label: string): InitializerConfig {
  const initializer = layer.getConfig()[configKey(variable)];
  if (isInitializer(initializer)) return initializer;
  throw new LockstepError(
    'MODEL_INITIALIZER',
    `Weight ${label} of a layer ${layer.getClassName()} names no initializer in its configuration.`,
    { hint: "Keep the model's own values: initial weights 'model'." },
  );
}

/** `kernel` → `kernelInitializer`, `depthwiseKernel` → `depthwiseInitializer`. */
function configKey(variable: LayerVariable): string {
  return `${weightRole(variable).replace(/(?<=wise)Kernel$/, '')}Initializer`;
}

function isInitializer(value: unknown): value is InitializerConfig {
  return typeof value === 'object' && value !== null && 'className' in value;
}

/** (word + ½)/2³² of the words of stream `index`, one after another: exact in float64. */
function uniformDraws(seed: number, index: number): Draw {
  const [key0, key1] = seedKey(seed);
  const stream = streamWord(PURPOSE.initialWeights, index);
  const words = new Uint32Array(4);
  let drawn = 0;
  return () => {
    const lane = drawn & 3;
    if (lane === 0) philox4x32(drawn >>> 2, 0, 0, stream, key0, key1, words);
    drawn += 1;
    return (words[lane]! + 0.5) / 4294967296;
  };
}
