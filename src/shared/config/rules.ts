import { classPairsOf } from './class-pairs.js';
import { didYouMean } from './did-you-mean.js';
import { MODEL_OPTION_KEYS, modelOptions } from './model-options/resolve.js';
import { showValue } from './faults.js';
import { gpusFault } from './gpus.js';
import { decides, validates } from './training-controls.js';
import {
  ARRAY_DATA,
  BUILT_IN_MODELS,
  CONFIG_SHAPE,
  OBJECT_MODEL,
  type ConfigKey,
  type ResolvedConfig,
} from './schema.js';

/** Rules that a schema of single keys cannot say. */
export interface ConfigRule {
  /** The keys it reads, the one to blame first; not applied where one of them is faulty. */
  readonly keys: readonly [ConfigKey, ...ConfigKey[]];
  /** One sentence on what is wrong, or null. */
  broken(config: ResolvedConfig): string | null;
}

const rule = (
  keys: ConfigRule['keys'],
  broken: (config: ResolvedConfig) => string | null,
): ConfigRule => ({ keys, broken });

const WITH_BETAS = ['adam', 'amsgrad', 'adamw', 'lamb'] as const;

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`;

/** A setting of one family of optimizers may differ from its default only there. */
function belongsTo(key: ConfigKey, family: readonly ResolvedConfig['optimizer'][]): ConfigRule {
  return rule([key, 'optimizer'], (config) =>
    config[key] === CONFIG_SHAPE[key].parse(undefined) || family.includes(config.optimizer)
      ? null
      : `belongs to optimizer ${listed(family)}, but optimizer is ${config.optimizer}`,
  );
}

/** A setting of some schedules may differ from its default only there. */
function scheduled(
  key: ConfigKey,
  kinds: readonly ResolvedConfig['learningRateSchedule'][],
): ConfigRule {
  return rule([key, 'learningRateSchedule'], (config) =>
    config[key] === CONFIG_SHAPE[key].parse(undefined) ||
    kinds.includes(config.learningRateSchedule)
      ? null
      : `belongs to learningRateSchedule ${listed(kinds)}, but it is ${config.learningRateSchedule}`,
  );
}

export const CONFIG_RULES: readonly ConfigRule[] = [
  rule(['model'], ({ model }) => {
    if (isModel(model)) return null;
    const near = didYouMean(model, BUILT_IN_MODELS);
    const guess = near === null ? '' : `; did you mean ${near}?`;
    return `expected ${BUILT_IN_MODELS.join(', ')} or a module's path such as ./model.js, got ${showValue(model)}${guess}`;
  }),
  ...MODEL_OPTION_KEYS.map((key) =>
    rule(
      [key, 'model', ...MODEL_OPTION_KEYS],
      // A name that is none has its own fault.
      (config) =>
        isModel(config.model) ? (modelOptions(config.model, config).faults[key] ?? null) : null,
    ),
  ),
  rule(['pretrained', 'model'], ({ pretrained, model }) =>
    pretrained === null || isBuiltIn(model) || model === OBJECT_MODEL
      ? null
      : "belongs to the built-in models; a model of your own brings its weights: initialWeights 'model'",
  ),
  rule(['epochs', 'steps'], ({ epochs, steps }) =>
    epochs === null && steps === null ? 'epochs and steps cannot both be null' : null,
  ),
  rule(['microBatch', 'batchSize'], ({ microBatch, batchSize }) =>
    microBatch > batchSize
      ? `must not exceed batchSize: got ${String(microBatch)} above ${String(batchSize)}`
      : null,
  ),
  rule(['initialWeights', 'model'], ({ initialWeights, model }) =>
    initialWeights === 'model' && isBuiltIn(model)
      ? `'model' needs a model of your own: the built-in ${model} brings no weights`
      : null,
  ),
  rule(['fastMath', 'engine'], ({ fastMath, engine }) =>
    fastMath && engine === 'reference' ? 'engine reference has no fast arithmetic' : null,
  ),
  rule(['gpus', 'engine'], ({ gpus, engine }) =>
    gpus === null || gpus === 'none' || engine === 'auto' || engine === 'tensorflow'
      ? null
      : `belongs to engine tensorflow, but engine is ${engine}`,
  ),
  rule(['gpus'], ({ gpus }) => (gpus === null ? null : gpusFault(gpus))),
  rule(['dataMemory', 'data'], ({ dataMemory, data }) =>
    dataMemory !== null && data === ARRAY_DATA
      ? 'needs data in files: the arrays of a program are in memory'
      : null,
  ),
  rule(['validation'], ({ validation }) =>
    validation > 1 && !Number.isInteger(validation)
      ? `expected a share below 1 or a whole number of samples, got ${String(validation)}`
      : null,
  ),
  rule(['folds', 'fold'], ({ folds, fold }) =>
    (folds === null) === (fold === null)
      ? null
      : `folds and fold come together; got folds ${String(folds)} and fold ${String(fold)}`,
  ),
  rule(['fold', 'folds'], ({ folds, fold }) =>
    folds !== null && fold !== null && fold > folds
      ? `expected one of the ${String(folds)} folds, got ${String(fold)}`
      : null,
  ),
  rule(['validation', 'folds'], ({ validation, folds }) =>
    validation > 0 && folds !== null ? 'validation and folds cannot both be given' : null,
  ),
  rule(['classNoisePairs', 'classNoise'], ({ classNoisePairs, classNoise }) =>
    classNoisePairs === null ? null : pairsFault(classNoisePairs, classNoise),
  ),
  rule(['erasingMinArea', 'erasingMaxArea'], ({ erasingMinArea, erasingMaxArea }) =>
    erasingMinArea > erasingMaxArea
      ? `must not exceed erasingMaxArea: got ${String(erasingMinArea)} above ${String(erasingMaxArea)}`
      : null,
  ),
  ...(['erasingMinArea', 'erasingMaxArea', 'erasingMinAspect'] as const).map((key) =>
    rule([key, 'augmentErasing'], (config) =>
      config.augmentErasing === 0 && config[key] !== CONFIG_SHAPE[key].parse(undefined)
        ? 'needs augmentErasing above 0'
        : null,
    ),
  ),
  scheduled('decayRate', ['step', 'exponential']),
  scheduled('decayEpochs', ['step', 'exponential']),
  scheduled('minLearningRate', ['cosine', 'plateau', 'linearRange', 'logRange']),
  scheduled('plateauFactor', ['plateau']),
  scheduled('plateauPatience', ['plateau']),
  scheduled('plateauCooldown', ['plateau']),
  scheduled('plateauMinDelta', ['plateau']),
  scheduled('plateauMonitor', ['plateau']),
  scheduled('warmupEpochs', ['constant', 'step', 'exponential', 'cosine', 'plateau']),
  rule(['minLearningRate', 'learningRate'], ({ minLearningRate, learningRate }) =>
    minLearningRate > learningRate
      ? `must not exceed learningRate: got ${String(minLearningRate)} above ${String(learningRate)}`
      : null,
  ),
  rule(
    ['minLearningRate', 'learningRateSchedule'],
    ({ minLearningRate, learningRateSchedule: schedule }) =>
      schedule === 'logRange' && minLearningRate === 0
        ? 'must be above 0 for learningRateSchedule logRange, which rises from it by factors'
        : null,
  ),
  belongsTo('beta1', WITH_BETAS),
  belongsTo('beta2', WITH_BETAS),
  belongsTo('epsilon', [...WITH_BETAS, 'rmsprop']),
  belongsTo('momentum', ['sgd', 'rmsprop', 'lars']),
  belongsTo('nesterov', ['sgd']),
  belongsTo('rho', ['rmsprop']),
  belongsTo('centered', ['rmsprop']),
  belongsTo('trustCoefficient', ['lars']),
  belongsTo('weightDecay', ['adam', 'amsgrad', 'sgd', 'rmsprop', 'lars']),
  belongsTo('weightDecayConv', ['adam', 'amsgrad', 'sgd', 'rmsprop', 'lars']),
  belongsTo('weightDecayDense', ['adam', 'amsgrad', 'sgd', 'rmsprop', 'lars']),
  belongsTo('weightDecayBias', ['adam', 'amsgrad', 'sgd', 'rmsprop']),
  belongsTo('weightDecayNorm', ['adam', 'amsgrad', 'sgd', 'rmsprop']),
  belongsTo('decoupledWeightDecay', ['adamw', 'lamb']),
  rule(['clipNorm', 'clipValue'], ({ clipNorm, clipValue }) =>
    clipNorm !== null && clipValue !== null ? 'clipNorm and clipValue cannot both be given' : null,
  ),
  ...(['monitor', 'plateauMonitor'] as const).map((key) =>
    rule([key, 'validation', 'folds'], (config) =>
      config[key]?.startsWith('validation') === true && !validates(config)
        ? `${config[key]} needs a validation set: put samples aside by validation or folds`
        : null,
    ),
  ),
  rule(
    ['monitor', 'earlyStoppingPatience', 'keepBest', 'restoreBest', 'plateauMonitor'],
    (config) =>
      config.monitor !== null && !decides(config)
        ? 'nothing hangs on it: give earlyStoppingPatience, keepBest, restoreBest or the schedule plateau'
        : null,
  ),
  ...(['earlyStoppingMinDelta', 'earlyStoppingStart'] as const).map((key) =>
    rule([key, 'earlyStoppingPatience'], (config) =>
      config.earlyStoppingPatience === null && config[key] !== 0
        ? 'needs earlyStoppingPatience'
        : null,
    ),
  ),
  rule(['evaluateEvery', 'learningRateSchedule', 'earlyStoppingPatience'], (config) =>
    config.evaluateEvery === 0 &&
    (config.learningRateSchedule === 'plateau' || config.earlyStoppingPatience !== null)
      ? 'must be at least 1: early stopping and the schedule plateau hang on evaluations'
      : null,
  ),
  rule(['emaWarmup', 'emaDecay'], ({ emaWarmup, emaDecay }) =>
    emaWarmup && emaDecay === null ? 'needs emaDecay' : null,
  ),
  rule(['nesterov', 'momentum', 'optimizer'], ({ nesterov, momentum, optimizer }) =>
    nesterov && momentum === 0 && optimizer === 'sgd' ? 'needs a momentum above 0' : null,
  ),
];

/** In a pair are two classes, and a class is in one pair at most. */
function pairsFault(text: string, classNoise: number): string | null {
  if (classNoise === 0) return 'needs classNoise above 0';
  const named = classPairsOf(text).flat();
  const twice = named.find((label, i) => named.indexOf(label) !== i);
  return twice === undefined ? null : `class ${String(twice)} is named twice in ${showValue(text)}`;
}

const isModel = (name: string): boolean =>
  isBuiltIn(name) || isModelFile(name) || name === OBJECT_MODEL;

export function isBuiltIn(model: string): boolean {
  return (BUILT_IN_MODELS as readonly string[]).includes(model);
}

/** Whether `model` names a file, by its looks: it holds a slash, or ends as modules do. */
export function isModelFile(model: string): boolean {
  return /[/\\]/.test(model) || /\.[cm]?[jt]s$/.test(model);
}
