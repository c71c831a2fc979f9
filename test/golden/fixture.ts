/**
 * What a golden run starts from: everything that the product works out before its first step, as
 * plain data and bytes, so that the steps themselves can be run where there is no TensorFlow.js.
 */
import type { Augmentation } from '#src/shared/augmentation/augmentation.js';
import type { ImageShape } from '#src/shared/data/image-set.js';
import type { LearningRateSchedule } from '#src/shared/numerics/learning-rate.js';
import type { OptimizerSettings } from '#src/shared/numerics/optimizer-settings.js';
import type { RowLayout } from '#src/shared/numerics/row-layout.js';
import type { WeightAverage } from '#src/shared/numerics/weight-average.js';
import type { BuiltProgram } from '#src/worker/engine/engine.js';

/** How long, how large, by which rule: chosen so that the last step of an epoch is short. */
export interface GoldenRecipe {
  /** Of the case, among all. */
  readonly name: string;
  readonly model: string;
  /** Of the real training set, the first so many. */
  readonly images: number;
  readonly batchSize: number;
  readonly microBatch: number;
  readonly steps: number;
  readonly learningRate: LearningRateSchedule;
  readonly optimizer: OptimizerSettings;
  readonly seed: number;
  readonly augmentation: Augmentation | null;
  /** The moving average of the weights that is kept. */
  readonly average: WeightAverage | null;
}

export interface GoldenCase extends GoldenRecipe {
  readonly program: BuiltProgram;
  readonly layout: RowLayout;
  /** Under build/golden/: float32 [layout.weightsLength]. */
  readonly weightsFile: string;
}

export interface GoldenFixture {
  readonly image: ImageShape;
  readonly classes: readonly string[];
  /** Under build/golden/: uint8 [images, height, width, channels] and uint8 [images]. */
  readonly pixelsFile: string;
  readonly labelsFile: string;
  readonly cases: readonly GoldenCase[];
}

/** Of one case. */
export interface GoldenResult {
  /** SHA-256, hex, of all weights after the last step: little-endian float32, layout order. */
  readonly weightsDigest: string;
  /** The same of their moving average, where one is kept. */
  readonly averageDigest?: string;
  /** The sum of the losses of each step: a float32, exact in JSON. */
  readonly lossSums: readonly number[];
  /** Samples classified rightly in each step, in training mode. */
  readonly correct: readonly number[];
}

/** test/golden/golden.json: the results that every engine must give. */
export interface Golden {
  /** SHA-256 of the kernels that gave them: bits belong to the file. */
  readonly kernels: string;
  readonly cases: Readonly<Record<string, GoldenResult>>;
}

const adam = { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 } as const;

/** What a schedule leaves out does not count for its kind. */
function rate(peak: number, more: Partial<LearningRateSchedule> = {}): LearningRateSchedule {
  const common = { warmupSteps: 0, warmupFrom: 0, totalSteps: 8, decaySteps: 1 };
  return { kind: 'constant', peak, ...common, decayRate: 1, floor: 0, plateauFactor: 1, ...more };
}

/**
 * 16 samples in micro-batches of at most 5 are 4 of 4; the last 11 of 27 are 4 + 4 + 3. Few, since
 * the emulated processor takes a hundred times as long.
 */
const common = {
  ...{ images: 27, batchSize: 16, microBatch: 5, learningRate: rate(0.001) },
  ...{ augmentation: null, average: null },
} as const;

/** Every network, then every other optimizer and schedule on a small one. */
export const RECIPES: readonly GoldenRecipe[] = [
  { ...common, name: 'lenet5', model: 'lenet5', steps: 8, seed: 1, optimizer: adam },
  {
    ...common,
    ...{ name: 'hybrid', model: 'hybrid', steps: 4, seed: 2 },
    optimizer: { ...adam, kind: 'amsgrad' },
  },
  {
    ...common,
    ...{ name: 'cnn2bn', model: 'cnn2bn', steps: 6, seed: 3 },
    optimizer: { ...adam, weightDecay: 1e-5 },
  },
  {
    ...common,
    ...{ name: 'mlp', model: 'mlp', steps: 8, seed: 2 ** 40 + 5 },
    learningRate: rate(0.01),
    optimizer: { kind: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0 },
  },
  { ...common, name: 'cnn2', model: 'cnn2', steps: 2, seed: 16, optimizer: adam },
  { ...common, name: 'cnn4', model: 'cnn4', steps: 2, seed: 17, optimizer: adam },
  { ...common, name: 'resnet', model: 'resnet', steps: 2, seed: 18, optimizer: adam },
  { ...common, name: 'medley', model: 'medley', steps: 8, seed: 4, optimizer: adam },
  {
    ...common,
    ...{ name: 'augmented', model: 'augmented', steps: 6, seed: 15, optimizer: adam },
    augmentation: {
      ...{ flip: true, shift: 0.1, zoom: 0.15, rotation: 25, shear: 0.2 },
      erasing: { probability: 0.5, minArea: 0.02, maxArea: 0.4, minAspect: 0.3 },
    },
  },
  {
    ...common,
    ...{ name: 'nesterov, cosine after a warm-up', model: 'mlp', steps: 8, seed: 5 },
    learningRate: rate(0.02, { kind: 'cosine', warmupSteps: 3, warmupFrom: 0.004, floor: 1e-4 }),
    optimizer: { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 1e-4 },
  },
  {
    ...common,
    ...{ name: 'adamw, one cycle, clipped by norm', model: 'mlp', steps: 8, seed: 6 },
    learningRate: rate(0.004, { kind: 'oneCycle' }),
    optimizer: {
      ...{ kind: 'adamw', beta1: 0.9, beta2: 0.98, epsilon: 1e-7, decoupledWeightDecay: 0.05 },
      clipping: { by: 'norm', limit: 0.5 },
    },
  },
  {
    ...common,
    ...{ name: 'rmsprop, exponential, clipped by value', model: 'medley', steps: 8, seed: 7 },
    learningRate: rate(0.003, { kind: 'exponential', decaySteps: 3, decayRate: 0.6 }),
    optimizer: {
      ...{ kind: 'rmsprop', rho: 0.9, epsilon: 1e-7, momentum: 0.5, centered: true },
      weightDecay: 1e-4,
      clipping: { by: 'value', limit: 0.05 },
    },
  },
  {
    ...common,
    ...{ name: 'lars, step', model: 'medley', steps: 8, seed: 8 },
    learningRate: rate(0.5, { kind: 'step', decaySteps: 2, decayRate: 0.7 }),
    optimizer: { kind: 'lars', momentum: 0.9, trustCoefficient: 0.01, weightDecay: 1e-3 },
  },
  {
    ...common,
    ...{ name: 'lamb, warm-up', model: 'medley', steps: 8, seed: 9 },
    learningRate: rate(0.02, { warmupSteps: 4 }),
    optimizer: {
      ...{ kind: 'lamb', beta1: 0.9, beta2: 0.999, epsilon: 1e-6, decoupledWeightDecay: 0.01 },
    },
  },
  {
    ...common,
    ...{ name: 'moving average of the weights', model: 'medley', steps: 8, seed: 19 },
    learningRate: rate(0.01),
    optimizer: adam,
    average: { decay: 0.7, warmup: true },
  },
];
