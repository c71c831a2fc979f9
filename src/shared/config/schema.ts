import * as z from 'zod';
import { MONITORED_METRICS } from '../controls/monitor.js';
import { GPUS_PATTERN } from './gpus.js';

/**
 * The one definition of what a run can be told. From it come the types, the defaults, the JSON
 * Schema for editors, the flags and help texts of the command line, and docs/configuration.md.
 *
 * `TRAINING` decides the bits of the final weights and is part of a run's identity; `PLACEMENT`
 * says who computes, where things lie and what is shown, and may change when a run is resumed.
 */
export const BUILT_IN_MODELS = [
  'lenet5',
  'mlp',
  'hybrid',
  'cnn2bn',
  'cnn2',
  'cnn4',
  'resnet',
  'inceptionv3',
] as const;

export const ENGINE_NAMES = ['auto', 'wasm', 'tensorflow', 'reference'] as const;

/** What stands for `model` in a run whose LayersModel was handed over as an object. */
export const OBJECT_MODEL = '(object)';

/** What stands for `data` in a run whose images were handed over as arrays. */
export const ARRAY_DATA = '(arrays)';

/** The headings of `--help` and of the documentation. */
export type KeyGroup =
  | 'Training'
  | 'Model'
  | 'Augmentation'
  | 'Optimizer'
  | 'Stopping and averaging'
  | 'Computing'
  | 'Data and output';

export interface KeyInfo {
  readonly group: KeyGroup;
  readonly help: string;
  /** What it takes, for people, where the schema does not say all: `a text …`. */
  readonly takes?: string;
  /** What a key left out means, where that is not a fixed value. */
  readonly defaultText?: string;
  /** What stands for the value in help: N, DIR … */
  readonly placeholder?: string;
  /** What a text has to be, where not any text will do. */
  readonly expected?: string;
  /** A file or folder: a relative one in a file counts from that file, in a flag from here. */
  readonly isPath?: boolean;
}

export const keyInfos = z.registry<KeyInfo>();

function key<T extends z.ZodType>(info: KeyInfo, schema: T): T {
  const described = schema.describe(info.help);
  keyInfos.add(described, info);
  return described;
}

const group = (name: KeyGroup) => ({
  describe: <T extends z.ZodType>(help: string, schema: T, more: Partial<KeyInfo> = {}): T =>
    key({ group: name, help, ...more }, schema),
});
const training = group('Training');
const model = group('Model');
const augmentation = group('Augmentation');
const optimizer = group('Optimizer');
const controls = group('Stopping and averaging');
const computing = group('Computing');
const output = group('Data and output');

/** Of a built-in model; left out: as the model has it. */
const modelList = (help: string, takes: string) =>
  model.describe(help, z.string().min(1).max(1000).nullable().default(null), {
    takes: `a text: ${takes}`,
    placeholder: 'LIST',
    defaultText: 'as the model has it',
  });

/** Of one kind of weight. */
const kindDecay = (help: string) =>
  optimizer.describe(help, z.number().min(0).nullable().default(null), {
    placeholder: 'X',
    defaultText: 'weightDecay',
  });

/** Steps and sample indices are words of the random streams' counter: 32 bits. */
const MAX_STEPS = 4294967295;
const count = (max: number) => z.int().min(1).max(max);

export const TRAINING = {
  model: training.describe(
    `Network to train: ${BUILT_IN_MODELS.join(', ')}, or a JavaScript module that exports a LayersModel`,
    z.string().min(1).default('lenet5'),
    { placeholder: 'NAME|FILE', isPath: true },
  ),
  filters: modelList(
    'Filters of each convolution of a built-in model, or of each stage of resnet; as many as are named',
    'whole numbers with commas between, such as 32,64',
  ),
  kernelSize: modelList(
    "Height and width of the convolutions' kernels, one for all or one for each",
    'whole numbers with commas between, such as 3 or 3,5',
  ),
  padding: modelList(
    'Padding of the convolutions, one for all or one for each',
    'same or valid, with commas between',
  ),
  activation: model.describe(
    'What stands between the layers of a built-in model',
    z.enum(['relu', 'leakyRelu']).nullable().default(null),
    { defaultText: 'relu' },
  ),
  leakySlope: model.describe(
    'What leakyRelu multiplies values below 0 by',
    z.number().min(0).lt(1).nullable().default(null),
    { placeholder: 'X', defaultText: '0.01' },
  ),
  convDropout: modelList(
    'Share of values dropped behind each block of convolutions, one for all or one for each',
    'numbers of at least 0 and below 1 with commas between, such as 0.25',
  ),
  residualBlocks: modelList(
    'Residual blocks of each stage of resnet, one for all or one for each',
    'whole numbers with commas between, such as 2 or 2,3,2',
  ),
  hiddenLayers: model.describe(
    'How many hidden dense layers a built-in model has',
    z.int().min(0).max(64).nullable().default(null),
    { placeholder: 'N', defaultText: 'as many as denseUnits names' },
  ),
  denseUnits: modelList(
    'Units of each hidden dense layer, one for all or one for each',
    'whole numbers with commas between, such as 256,128',
  ),
  denseDropout: modelList(
    'Share of values dropped behind each hidden dense layer, one for all or one for each',
    'numbers of at least 0 and below 1 with commas between, such as 0.5,0',
  ),
  imageSize: model.describe(
    'Height and width that inceptionv3 enlarges images to',
    z.int().min(75).max(1024).nullable().default(null),
    { placeholder: 'N', defaultText: '150' },
  ),
  unfrozenBlocks: model.describe(
    'How many of the blocks of inceptionv3 train, from the last one back; the others stay as they are',
    z.int().min(0).max(11).nullable().default(null),
    { placeholder: 'N', defaultText: '0' },
  ),
  pretrained: model.describe(
    'Trained weights that a built-in model starts from: a run, a model.json of TensorFlow.js, or a .h5, .weights.h5 or .keras file',
    z.string().min(1).nullable().default(null),
    { placeholder: 'FILE', isPath: true, defaultText: 'drawn from the seed' },
  ),
  epochs: training.describe(
    'End after this many passes over the training set',
    count(1_000_000).nullable().default(10),
    { placeholder: 'N', defaultText: '10, or no bound where steps is given' },
  ),
  steps: training.describe(
    'End after this many optimizer steps; with epochs, at whichever comes first',
    count(MAX_STEPS).nullable().default(null),
    { placeholder: 'N', defaultText: 'no bound' },
  ),
  batchSize: training.describe('Samples of one optimizer step', count(1_048_576).default(128), {
    placeholder: 'N',
  }),
  microBatch: training.describe(
    'Largest number of samples computed at once; decides the bits, so it never depends on the machine',
    count(1_048_576).nullable().default(null),
    {
      placeholder: 'N',
      defaultText: 'a quarter of the batch, from 16 to 128',
    },
  ),
  wire: training.describe(
    'How gradients travel between workers: exact, or in 16 bits for slow lines',
    z.enum(['float32', 'float16']).default('float32'),
  ),
  seed: training.describe(
    'Root of all randomness: initial weights, shuffling, dropout, split, augmentation',
    z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
    { placeholder: 'N' },
  ),
  initialWeights: training.describe(
    "Where the weights start: drawn from the seed, or as the user's model brings them",
    z.enum(['seeded', 'model']).default('seeded'),
  ),
  evaluateEvery: training.describe(
    'Evaluate on validation and test set every N epochs; 0: only at the end',
    z.int().min(0).max(1_000_000).default(1),
    { placeholder: 'N' },
  ),
  validation: training.describe(
    'Put samples of the training set aside, to validate on: a share below 1, or a number from 1',
    z.number().min(0).max(MAX_STEPS).default(0),
    { placeholder: 'X' },
  ),
  validationSplit: training.describe(
    'Whether every class gives its share of the validation set, or whoever is drawn',
    z.enum(['stratified', 'plain']).default('stratified'),
  ),
  normalize: training.describe(
    'Shift and scale each channel of the images to mean 0 and deviation 1 over the training set, after the division by 255',
    z.boolean().default(false),
  ),
  folds: training.describe(
    'Cut the training set into so many parts, to validate on one of them and train on the rest',
    z.int().min(2).max(1000).nullable().default(null),
    { placeholder: 'K', defaultText: 'not cut' },
  ),
  fold: training.describe(
    'Which of the folds is validated on, from 1',
    z.int().min(1).max(1000).nullable().default(null),
    { placeholder: 'N', defaultText: 'none' },
  ),
  splitSeed: training.describe(
    'Seed of the split alone, so that runs of other seeds validate on the same samples',
    z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullable().default(null),
    { placeholder: 'N', defaultText: 'seed' },
  ),
  evaluateTest: training.describe(
    'Evaluate on the test set; false leaves it unseen, for runs among which one is chosen',
    z.boolean().default(true),
  ),
  classNoise: training.describe(
    'Share of the training samples that get the label of another class',
    z.number().min(0).max(1).default(0),
    { placeholder: 'X' },
  ),
  classNoisePairs: training.describe(
    'Pairs of classes, by number, that are taken for each other, such as 0-6,2-4; samples of other classes keep their labels',
    z
      .string()
      .regex(/^\d+-\d+(,\d+-\d+)*$/)
      .nullable()
      .default(null),
    { placeholder: 'A-B,…', defaultText: 'any other class, each as likely' },
  ),
  attributeNoise: training.describe(
    'Share of the values of training images that are replaced by random ones',
    z.number().min(0).max(1).default(0),
    { placeholder: 'X' },
  ),
  labelSmoothing: training.describe(
    'Share of each label that is spread over all classes, in training only',
    z.number().min(0).lt(1).default(0),
    { placeholder: 'X' },
  ),
  augmentFlip: augmentation.describe(
    'Mirror training images left and right, every other time',
    z.boolean().default(false),
  ),
  augmentShift: augmentation.describe(
    'Shift them by up to this share of width and height, in whole pixels',
    z.number().min(0).max(1).default(0),
    { placeholder: 'X' },
  ),
  augmentZoom: augmentation.describe(
    'Scale them by 1 − this to 1 + this',
    z.number().min(0).max(0.9).default(0),
    { placeholder: 'X' },
  ),
  augmentRotation: augmentation.describe(
    'Turn them by up to so many degrees either way',
    z.number().min(0).max(180).default(0),
    { placeholder: 'DEGREES' },
  ),
  augmentShear: augmentation.describe(
    'Slant them: each row is shifted by up to so many columns against the next',
    z.number().min(0).max(2).default(0),
    { placeholder: 'X' },
  ),
  augmentErasing: augmentation.describe(
    'Share of them that lose a random rectangle, refilled with random values',
    z.number().min(0).max(1).default(0),
    { placeholder: 'X' },
  ),
  erasingMinArea: augmentation.describe(
    'Smallest share of the image that the rectangle covers',
    z.number().positive().max(1).default(0.02),
    { placeholder: 'X' },
  ),
  erasingMaxArea: augmentation.describe(
    'Largest share of the image that the rectangle covers',
    z.number().positive().max(1).default(0.4),
    { placeholder: 'X' },
  ),
  erasingMinAspect: augmentation.describe(
    'Flattest rectangle, height over width; the steepest is 1 / this',
    z.number().positive().max(1).default(0.3),
    { placeholder: 'X' },
  ),
  optimizer: optimizer.describe(
    'Rule that turns gradients into new weights',
    z.enum(['adam', 'amsgrad', 'adamw', 'sgd', 'rmsprop', 'lars', 'lamb']).default('adam'),
  ),
  learningRate: optimizer.describe(
    'Step size: the peak of the schedule',
    z.number().positive().default(0.001),
    {
      placeholder: 'X',
    },
  ),
  learningRateSchedule: optimizer.describe(
    'How the learning rate goes on from its peak',
    z
      .enum([
        'constant',
        'step',
        'exponential',
        'cosine',
        'oneCycle',
        'plateau',
        'linearRange',
        'logRange',
      ])
      .default('constant'),
  ),
  decayRate: optimizer.describe(
    'What the learning rate is multiplied by every decayEpochs (step, exponential)',
    z.number().positive().max(1).default(0.9),
    { placeholder: 'X' },
  ),
  decayEpochs: optimizer.describe(
    'Epochs, or a part of one, in which the learning rate falls by decayRate (step, exponential)',
    z.number().positive().max(1_000_000).default(1),
    { placeholder: 'X' },
  ),
  minLearningRate: optimizer.describe(
    'What the learning rate falls to at the end (cosine), or at the lowest (plateau), or rises from (linearRange, logRange)',
    z.number().min(0).default(0),
    { placeholder: 'X' },
  ),
  plateauFactor: optimizer.describe(
    'What the learning rate is multiplied by when the monitored figure gets no better (plateau)',
    z.number().positive().lt(1).default(0.1),
    { placeholder: 'X' },
  ),
  plateauPatience: optimizer.describe(
    'After so many evaluations that were no better (plateau)',
    count(1_000_000).default(10),
    { placeholder: 'N' },
  ),
  plateauCooldown: optimizer.describe(
    'So many evaluations after a fall do not count (plateau)',
    z.int().min(0).max(1_000_000).default(0),
    { placeholder: 'N' },
  ),
  plateauMinDelta: optimizer.describe(
    'By how much a figure must beat the best one to be better (plateau)',
    z.number().min(0).default(1e-4),
    { placeholder: 'X' },
  ),
  plateauMonitor: optimizer.describe(
    'The figure that is watched (plateau)',
    z.enum(MONITORED_METRICS).nullable().default(null),
    { defaultText: 'as monitor' },
  ),
  warmupEpochs: optimizer.describe(
    'Epochs, or a part of one, in which the learning rate rises to its peak',
    z.number().min(0).max(1_000_000).default(0),
    { placeholder: 'X' },
  ),
  scalingBatch: optimizer.describe(
    'The batch that learningRate is meant for: it is scaled by batchSize / this',
    count(1_048_576).nullable().default(null),
    { placeholder: 'N', defaultText: 'not scaled' },
  ),
  beta1: optimizer.describe(
    'Decay of the first moment (adam, amsgrad, adamw, lamb)',
    z.number().min(0).lt(1).default(0.9),
    { placeholder: 'X' },
  ),
  beta2: optimizer.describe(
    'Decay of the second moment (adam, amsgrad, adamw, lamb)',
    z.number().min(0).lt(1).default(0.999),
    { placeholder: 'X' },
  ),
  epsilon: optimizer.describe(
    'Added to the root of the second moment (adam, amsgrad, adamw, lamb, rmsprop)',
    z.number().positive().default(1e-8),
    { placeholder: 'X' },
  ),
  momentum: optimizer.describe(
    'Momentum (sgd, rmsprop, lars)',
    z.number().min(0).lt(1).default(0),
    { placeholder: 'X' },
  ),
  nesterov: optimizer.describe(
    "Nesterov's momentum: the step looks ahead along the velocity (sgd)",
    z.boolean().default(false),
  ),
  rho: optimizer.describe(
    'Decay of the mean square (rmsprop)',
    z.number().min(0).lt(1).default(0.9),
    { placeholder: 'X' },
  ),
  centered: optimizer.describe(
    'Divide by the deviation from the mean gradient (rmsprop)',
    z.boolean().default(false),
  ),
  trustCoefficient: optimizer.describe(
    "Size of a layer's step against its weights (lars)",
    z.number().positive().default(0.001),
    { placeholder: 'X' },
  ),
  weightDecay: optimizer.describe(
    'L2 penalty, added to the gradient as weightDecay · weight (not adamw, lamb)',
    z.number().min(0).default(0),
    { placeholder: 'X' },
  ),
  weightDecayConv: kindDecay("The weightDecay of convolutions' kernels"),
  weightDecayDense: kindDecay("The weightDecay of dense layers' kernels"),
  weightDecayBias: kindDecay('The weightDecay of biases (not lars, which decays none)'),
  weightDecayNorm: kindDecay(
    'The weightDecay of scales and shifts of batch norms (not lars, which decays none)',
  ),
  decoupledWeightDecay: optimizer.describe(
    'Shrinks weights beside the step of the gradient, by learningRate · this (adamw, lamb)',
    z.number().min(0).default(0.01),
    { placeholder: 'X' },
  ),
  clipNorm: optimizer.describe(
    'Scale the gradient down where its norm over all weights exceeds this',
    z.number().positive().nullable().default(null),
    { placeholder: 'X', defaultText: 'not clipped' },
  ),
  clipValue: optimizer.describe(
    'Cut each element of the gradient at plus and minus this',
    z.number().positive().nullable().default(null),
    { placeholder: 'X', defaultText: 'not clipped' },
  ),
  monitor: controls.describe(
    'The figure that early stopping and the best weights hang on',
    z.enum(MONITORED_METRICS).nullable().default(null),
    { defaultText: 'validationLoss; loss where nothing is put aside to validate on' },
  ),
  earlyStoppingPatience: controls.describe(
    'End the run after so many evaluations that were no better than the best',
    count(1_000_000).nullable().default(null),
    { placeholder: 'N', defaultText: 'the run does not end early' },
  ),
  earlyStoppingMinDelta: controls.describe(
    'By how much a figure must beat the best one to be better',
    z.number().min(0).default(0),
    { placeholder: 'X' },
  ),
  earlyStoppingStart: controls.describe(
    'Epochs whose evaluations do not count yet',
    z.int().min(0).max(1_000_000).default(0),
    { placeholder: 'N' },
  ),
  keepBest: controls.describe(
    'Keep the weights of the best evaluation beside the last ones',
    z.boolean().default(false),
  ),
  restoreBest: controls.describe(
    'End with the weights of the best evaluation instead of the last',
    z.boolean().default(false),
  ),
  emaDecay: controls.describe(
    'Keep an exponential moving average of the weights, of which this share stays at each step; it is what is evaluated and saved',
    z.number().positive().lt(1).nullable().default(null),
    { placeholder: 'X', defaultText: 'no average' },
  ),
  emaWarmup: controls.describe(
    'Let the first steps count for more: the decay after n steps is at most (1 + n) / (10 + n)',
    z.boolean().default(false),
  ),
  engine: computing.describe(
    'What computes gradients; auto takes the best one that covers the model, and says why',
    z.enum(ENGINE_NAMES).default('auto'),
  ),
  fastMath: computing.describe(
    'Faster arithmetic whose bits may differ between processors',
    z.boolean().default(false),
  ),
} as const;

export const PLACEMENT = {
  threads: computing.describe('Compute threads', count(256).nullable().default(null), {
    placeholder: 'N',
    defaultText: 'as many as the machine has processors',
  }),
  gpus: computing.describe(
    'GPUs that engine tensorflow computes on, by their numbers in nvidia-smi: all, none, or such as 0,1; a compute thread for each',
    z.string().regex(GPUS_PATTERN).nullable().default(null),
    {
      placeholder: 'all|none|N,…',
      expected: 'all, none, or numbers such as 0,1',
      defaultText: 'all that can be used; none where none can',
    },
  ),
  mixedEngines: computing.describe(
    'Let workers with different engines, or on different hardware, compute one run: its weights are then not the same bits any more',
    z.boolean().default(false),
  ),
  dataMemory: computing.describe(
    'The most bytes of images in memory; a larger data set stays in a file, and images are read ahead of the steps',
    z.int().min(1).max(Number.MAX_SAFE_INTEGER).nullable().default(null),
    { placeholder: 'BYTES', defaultText: 'the whole data set is in memory' },
  ),
  stallSeconds: computing.describe(
    'A compute thread that gets nowhere for so long is taken for stuck, and replaced',
    z.number().positive().max(86_400).nullable().default(null),
    {
      placeholder: 'S',
      defaultText: 'as the engine says: 120 (wasm), 600 (tensorflow), 7200 (reference)',
    },
  ),
  keepFeatures: computing.describe(
    'Mebibytes for what frozen layers compute of each image, kept from epoch to epoch and in the cache; 0 computes it anew each time',
    z.int().min(0).max(65_536).default(2048),
    { placeholder: 'N' },
  ),
  data: output.describe(
    'Folder with the data set (IDX or CSV)',
    z.string().min(1).nullable().default(null),
    { placeholder: 'DIR', isPath: true, defaultText: 'Fashion-MNIST, found or fetched' },
  ),
  out: output.describe('Run folder to create', z.string().min(1).nullable().default(null), {
    placeholder: 'DIR',
    isPath: true,
    defaultText: 'runs/<timestamp>-<model>',
  }),
  resume: output.describe(
    'Go on in this run folder, with its configuration',
    z.string().min(1).nullable().default(null),
    { placeholder: 'RUN', isPath: true, defaultText: 'a new run' },
  ),
  checkpointEvery: output.describe(
    'Write a checkpoint every N steps',
    count(MAX_STEPS).nullable().default(null),
    { placeholder: 'STEPS', defaultText: 'once an epoch' },
  ),
  keepCheckpoints: output.describe('How many checkpoints to keep', count(1000).default(2), {
    placeholder: 'N',
  }),
  trace: output.describe(
    'Write a timeline of the run for Perfetto or chrome://tracing to this file',
    z.string().min(1).nullable().default(null),
    { placeholder: 'FILE', isPath: true, defaultText: 'none' },
  ),
  quiet: output.describe('No progress, only the result', z.boolean().default(false)),
  json: output.describe(
    'Print the result as JSON (progress goes to standard error)',
    z.boolean().default(false),
  ),
  dryRun: output.describe(
    'Print plan, memory and predicted time, and train nothing',
    z.boolean().default(false),
  ),
} as const;

export const CONFIG_SHAPE = { ...TRAINING, ...PLACEMENT } as const;
export const configSchema = z.strictObject(CONFIG_SHAPE);

export type ConfigKey = keyof typeof CONFIG_SHAPE;
export const TRAINING_KEYS = Object.keys(TRAINING) as (keyof typeof TRAINING)[];
export const PLACEMENT_KEYS = Object.keys(PLACEMENT) as (keyof typeof PLACEMENT)[];
export const CONFIG_KEYS: readonly ConfigKey[] = [...TRAINING_KEYS, ...PLACEMENT_KEYS];

/** How the elements of gradients are written on the line between workers. */
export type WireFormat = z.output<typeof TRAINING.wire>;

type Parsed = z.output<typeof configSchema>;
type Filled<Keys extends ConfigKey, Derived extends Keys> = Readonly<
  Omit<Pick<Parsed, Keys>, Derived> & { [K in Derived]: NonNullable<Parsed[K]> }
>;

/** Decides bits: the same in every resumption of a run, whoever computes it. */
export type TrainingConfig = Filled<keyof typeof TRAINING, 'microBatch'>;
/** Who computes, where things lie, what is shown. */
export type PlacementConfig = Filled<keyof typeof PLACEMENT, 'threads' | 'out'>;
/** Complete and frozen; what `config.json` in a run folder holds. */
export type ResolvedConfig = TrainingConfig & PlacementConfig;
/** What a user may write: any of the keys. */
export type ConfigInput = z.input<typeof configSchema>;

export function infoOf(name: ConfigKey): KeyInfo {
  return keyInfos.get(CONFIG_SHAPE[name]) as KeyInfo;
}
