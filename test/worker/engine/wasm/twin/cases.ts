import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CATALOGUE, type BuiltInName } from '#src/shared/model/catalogue.js';
import { initialWeights } from '#src/shared/model/initial-weights.js';
import { rowLayout } from '#src/shared/model/layout.js';
import type { MicroBatch } from '#src/worker/engine/engine.js';
import { wasmEngine } from '#src/worker/engine/wasm/engine.js';
import { fashionMnist } from '../../../../support/fashion-mnist.js';
import { bench } from '../harness.js';

/** Real images, real labels, weights as they are in a run: at its start, or some steps into it. */
export const SEED = 5;

const SIZE_OF_STEPS = 32;

export function builtIn(name: BuiltInName): LayersModel {
  return CATALOGUE[name].build({ height: 28, width: 28, channels: 1 }, 10);
}

/** Samples first … first + size − 1 of the training set, as a step's second micro-batch of four. */
export async function realBatch(size: number, first: number, step: number): Promise<MicroBatch> {
  const { train } = await fashionMnist();
  const { height, width } = train.shape;
  const bytes = height * width;
  return {
    step,
    index: 1,
    count: 4,
    pixels: train.pixels.slice(first * bytes, (first + size) * bytes),
    labels: train.labels.slice(first, first + size),
    samples: Uint32Array.from({ length: size }, (_, i) => first + i),
    size,
  };
}

/** The seeded weights after so many steps of plain gradient descent. */
export async function weightsAfter(model: LayersModel, steps: number): Promise<Float32Array> {
  const layout = rowLayout(model);
  const weights = initialWeights(model, layout, SEED, 'seeded');
  const options = { weights, seed: SEED, microBatch: SIZE_OF_STEPS };
  const { engine, weights: own, gradients } = await bench(wasmEngine, model, options);
  for (let step = 0; step < steps; step++) {
    const batch = await realBatch(SIZE_OF_STEPS, 20_000 + step * SIZE_OF_STEPS, step);
    const { row } = await gradients(batch);
    for (let i = 0; i < layout.trainableLength; i++) own[i]! -= (0.05 / batch.size) * row[i]!;
    await engine.prepare(0, 1);
  }
  return own.slice();
}
