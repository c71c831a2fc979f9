import { availableParallelism } from 'node:os';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { loadDataset, storeDataset } from '../coordinator/data/load-dataset.js';
import { loadModel } from '../coordinator/model/load-model.js';
import { placePretrained } from '../coordinator/model/pretrained/place-pretrained.js';
import { readWeightsFile } from '../coordinator/model/pretrained/read-weights.js';
import { placeStatistics, withNormalization } from '../coordinator/model/normalize-model.js';
import { prepareConfig } from '../coordinator/run-folder/prepare.js';
import { digestOf, digestOfBytes, type RunIdentity } from '../coordinator/run-identity.js';
import {
  ARRAY_DATA,
  OBJECT_MODEL,
  TRAINING_KEYS,
  type ConfigInput,
  type ResolvedConfig,
} from '../shared/config/schema.js';
import { augmentationOf } from '../shared/config/augmentation.js';
import { gpuWishOf } from '../shared/config/gpus.js';
import { ENDING_SCHEDULES } from '../shared/config/learning-rate.js';
import { modelOptions } from '../shared/config/model-options/resolve.js';
import { optimizerOf } from '../shared/config/optimizer.js';
import { decides, keepsBest } from '../shared/config/training-controls.js';
import { weightAverageOf } from '../shared/config/weight-average.js';
import type { ArrayData } from '../shared/data/array-data.js';
import { channelStatistics } from '../shared/data/channel-statistics.js';
import type { DataListener } from '../shared/data/data-progress.js';
import type { DataSet, RunData, StoredDataSet } from '../shared/data/data-set.js';
import type { LabelledSet } from '../shared/data/image-set.js';
import { blocksOf } from '../shared/data/stored-images.js';
import { isStored } from '../shared/data/stored-set.js';
import { LockstepError } from '../shared/errors.js';
import { refuseSingleSamples } from '../shared/model/batch-norm-samples.js';
import { INCEPTION_BLOCKS } from '../shared/model/inception-base.js';
import { initialWeights } from '../shared/model/initial-weights.js';
import type { RowLayout } from '../shared/numerics/row-layout.js';
import { compiledPart, hardwarePart, PROBE_PART } from '../shared/protocol/engine-identity.js';
import type { BuiltProgram } from '../worker/engine/engine.js';
import { ENGINES, selectEngine, type EngineChoice } from '../worker/engine/select.js';
import type { Trainer, TrainerSetup } from '../worker/trainer.js';
import { bytesInMemory } from './data-memory.js';
import { splitData } from './split-data.js';
import { dataSetOf } from './user-data.js';

/** What a run may be given: any key of the configuration, and a program's own model and arrays. */
export type RunInput = Omit<ConfigInput, 'model' | 'data'> & {
  /** Name, file, or a LayersModel itself. */
  readonly model?: ConfigInput['model'] | LayersModel;
  /** Folder, or arrays. */
  readonly data?: ConfigInput['data'] | ArrayData;
};

/** A run whose every question is answered, before a thread is started or a file written. */
export interface PreparedRun {
  readonly config: ResolvedConfig;
  readonly data: RunData;
  readonly model: LayersModel;
  readonly layout: RowLayout;
  /** float32 [layout.weightsLength]. */
  readonly initialWeights: Float32Array;
  readonly choice: EngineChoice;
  readonly program: BuiltProgram;
  readonly identity: RunIdentity;
}

/**
 * `trainedOn`: the digest of the data set that the run was trained on, where it is only used: other data
 * are neither split nor changed.
 */
export async function prepareRun(
  input: RunInput,
  listener: DataListener,
  { trainedOn }: { readonly trainedOn?: string | undefined } = {},
): Promise<PreparedRun> {
  const { model: given, data: source, ...rest } = input;
  const hasArrays = typeof source === 'object' && source !== null;
  const asked = await prepareConfig(
    {
      ...rest,
      ...(given !== undefined && { model: typeof given === 'string' ? given : OBJECT_MODEL }),
      ...(source !== undefined && { data: hasArrays ? ARRAY_DATA : source }),
    },
    { processors: availableParallelism(), now: new Date(), cwd: process.cwd() },
  );
  refuseMissingObjects(asked, typeof given === 'object', hasArrays);
  const whole = hasArrays ? dataSetOf(source) : await dataWithin(asked, listener);
  const isOther = trainedOn !== undefined && trainedOn !== whole.digest;
  const data: RunData = isOther ? { ...whole, validation: null, whole } : splitData(whole, asked);
  const { shape, classes } = data.train;
  const loaded = await loadModel(
    typeof given === 'object' ? given : asked.model,
    shape,
    classes.length,
    modelOptions(asked.model, asked).options,
  );
  const normalized = asked.normalize ? await withNormalization(loaded.model) : null;
  const { model, layout } = normalized ?? loaded;
  // Weights of a trained run come from elsewhere, whatever it began with.
  const begins = trainedOn === undefined;
  if (begins && loaded.trainedWeight !== null && asked.initialWeights === 'seeded') {
    listener.onNotice?.(
      `The model was trained before (see ${loaded.trainedWeight}); its weights are drawn anew from the seed. --initial-weights model keeps them.`,
    );
  }
  refuseSingleSamples(model, layout, data.train.count, asked.batchSize, asked.microBatch);
  const choice = await selectEngine(asked.engine, model, ENGINES, {
    gpus: gpuWishOf(asked.gpus),
    fastMath: asked.fastMath,
  });
  const made = { model, layout, module: loaded.module };
  const program = await buildProgram(choice, asked, made, data.train);
  const config = settled(asked, rest.threads ?? null, program);
  const weights = initialWeights(model, layout, config.seed, config.initialWeights);
  await startPretrained(config, made, weights, begins ? listener : {});
  if (normalized !== null && !(normalized.hadLayer && config.initialWeights === 'model')) {
    const blocks = isStored(data.train) ? blocksOf(data.train) : [data.train.pixels];
    placeStatistics(normalized, channelStatistics(data.train, blocks), weights);
  }
  const initial = digestOfBytes(new Uint8Array(weights.buffer));
  const identity = identityOf(config, data.digest, layout, initial, program);
  return { config, data, model, layout, initialWeights: weights, choice, program, identity };
}

/** Writes the weights of `pretrained` over those drawn. */
async function startPretrained(
  { pretrained, model: name, unfrozenBlocks }: ResolvedConfig,
  { model, layout }: { readonly model: LayersModel; readonly layout: RowLayout },
  weights: Float32Array,
  { onNotice }: DataListener,
): Promise<void> {
  if (pretrained !== null) {
    const taken = placePretrained(model, layout, await readWeightsFile(pretrained), weights, pretrained); // prettier-ignore
    if (taken === 'base') onNotice?.(`The base starts from the weights in ${pretrained}.`);
  } else if (name === 'inceptionv3' && unfrozenBlocks !== INCEPTION_BLOCKS) {
    onNotice?.(
      'Most layers of inceptionv3 are frozen, and their weights are drawn from the seed: --pretrained FILE gives them trained ones.',
    );
  }
}

/** In memory, where that has room for the images; otherwise in a file. */
async function dataWithin(
  config: ResolvedConfig,
  listener: DataListener,
): Promise<DataSet | StoredDataSet> {
  const options = { ...listener, data: config.data ?? undefined };
  if (config.dataMemory === null) return loadDataset(options);
  const stored = await storeDataset(options);
  return bytesInMemory(stored, config) > config.dataMemory ? stored : loadDataset(options);
}

/** What the run's engine makes of its model: the same on every worker. */
export function buildProgram(
  choice: EngineChoice,
  config: ResolvedConfig,
  {
    model,
    layout,
    module,
  }: {
    readonly model: LayersModel;
    readonly layout: RowLayout;
    /** URL of the module that made the model; null: none did, or it is not here. */
    readonly module: string | null;
  },
  train: LabelledSet,
): Promise<BuiltProgram> {
  return choice.engine.build({
    model,
    layout,
    image: train.shape,
    classes: train.classes.length,
    microBatch: config.microBatch,
    seed: config.seed,
    labelSmoothing: config.labelSmoothing,
    fastMath: config.fastMath,
    modelModule: module,
    gpus: gpuWishOf(config.gpus),
  });
}

/**
 * The configuration with what was left to the machine as it was decided: a resumption, wherever it
 * is, computes with the same engine, on GPUs or not. `threads`: as the user has said.
 */
export function settled(
  config: ResolvedConfig,
  threads: number | null,
  program: BuiltProgram,
): ResolvedConfig {
  const usesGpus = program.threads !== undefined;
  const undecided = config.gpus === null && program.engine === 'tensorflow';
  return Object.freeze({
    ...config,
    engine: program.engine as ResolvedConfig['engine'],
    threads: threads ?? program.threads ?? config.threads,
    gpus: undecided ? (usesGpus ? 'all' : 'none') : config.gpus,
  });
}

/** A folder cannot hold a program's own objects: whoever goes on with the run brings them again. */
function refuseMissingObjects(
  { model, data }: ResolvedConfig,
  hasModel: boolean,
  hasArrays: boolean,
): void {
  const missing = [
    ...(model === OBJECT_MODEL && !hasModel ? ['model'] : []),
    ...(data === ARRAY_DATA && !hasArrays ? ['data'] : []),
  ];
  if (missing.length === 0) return;
  throw new LockstepError(
    'RUN_OBJECTS_MISSING',
    `The run was given its ${missing.join(' and ')} as objects of a program, which its folder does not hold.`,
    { hint: `Call the library with the same ${missing.join(' and ')} again.` },
  );
}

/** What the trainer needs of a prepared run; `segments`: in how many its rows travel, if they do. */
export function trainerSetup(
  run: PreparedRun,
  segments: number | null = null,
): Pick<
  TrainerSetup,
  | 'program'
  | 'engineModule'
  | 'layout'
  | 'optimizer'
  | 'average'
  | 'keepsBest'
  | 'sets'
  | 'dataMemory'
  | 'augmentation'
  | 'keepBytes'
  | 'seed'
  | 'batchSize'
  | 'microBatch'
  | 'threads'
  | 'fastMath'
  | 'segments'
  | 'limits'
> {
  // prettier-ignore
  const { config, data, layout, program, choice } = run;
  const stallMilliseconds = stallSeconds(run) * 1000;
  return {
    program,
    engineModule: choice.engine.module,
    layout,
    optimizer: optimizerOf(config),
    average: weightAverageOf(config),
    keepsBest: keepsBest(config),
    sets: [data.train, data.test, ...(data.validation === null ? [] : [data.validation])],
    dataMemory: config.dataMemory,
    augmentation: augmentationOf(config),
    keepBytes: config.keepFeatures * 1048576,
    seed: config.seed,
    batchSize: config.batchSize,
    microBatch: config.microBatch,
    threads: config.threads,
    fastMath: config.fastMath,
    segments,
    limits: { stallMilliseconds, startMilliseconds: Math.max(60_000, stallMilliseconds) },
  };
}

export function stallSeconds({ config, choice }: PreparedRun): number {
  return config.stallSeconds ?? choice.engine.patienceSeconds;
}

/**
 * Not in the digest of the configuration: the end and evaluations, which decide no step (but for
 * the end where the learning rate is bound to it, and evaluations where decisions hang on them);
 * and what other parts of the identity say better (the compiled model, the engine, the initial weights).
 */
const NO_BITS: ReadonlySet<string> = new Set([
  'pretrained',
  'epochs',
  'steps',
  'evaluateEvery',
  'earlyStoppingPatience',
  'evaluateTest',
  'engine',
  'model',
]);

/** `data`, `weights`: digests of the data set and of the initial weights. */
export function identityOf(
  config: ResolvedConfig,
  data: string,
  layout: RowLayout,
  weights: string,
  program: BuiltProgram,
): RunIdentity {
  const endDecides = ENDING_SCHEDULES.includes(config.learningRateSchedule);
  const isIn = (key: string): boolean =>
    !NO_BITS.has(key) ||
    (endDecides && (key === 'epochs' || key === 'steps')) ||
    (key === 'evaluateEvery' && decides(config));
  const keys = TRAINING_KEYS.filter(isIn);
  return {
    configuration: digestOf(keys.map((key) => [key, config[key]])),
    'data set': data,
    layout: digestOf(layout),
    'initial weights': weights,
    [compiledPart(program.engine)]: program.digest,
    ...(program.hardware !== undefined && { [hardwarePart(program.engine)]: program.hardware }),
  };
}

/**
 * The run, with the row that `trainer` computes on the initial weights in its identity: whoever
 * computes for the run must compute the same. The trainer has begun then.
 */
export async function withProbeRow(run: PreparedRun, trainer: Trainer): Promise<PreparedRun> {
  trainer.begin(run.initialWeights);
  return { ...run, identity: { ...run.identity, [PROBE_PART]: await trainer.probe() } };
}
