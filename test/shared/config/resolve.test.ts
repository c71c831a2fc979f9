import t from 'tap';
import { resolveConfig, type ConfigEnvironment } from '#src/shared/config/resolve.js';
import type { LockstepError } from '#src/shared/errors.js';

const environment: ConfigEnvironment = {
  processors: 3,
  now: new Date(2026, 10, 21, 10, 9, 8),
  cwd: '/home/me',
};
const resolve = (input: unknown) => resolveConfig(input, environment);

/** The lines of the message, one a fault. */
function faultsOf(input: unknown): string[] {
  try {
    resolve(input);
  } catch (error) {
    t.equal((error as LockstepError).code, 'CONFIG_INVALID');
    return (error as LockstepError).message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

t.test('an empty configuration is completed with the documented defaults', async (t) => {
  const config = resolve({});
  t.strictSame(
    { ...config },
    {
      model: 'lenet5',
      filters: null,
      kernelSize: null,
      padding: null,
      activation: null,
      leakySlope: null,
      convDropout: null,
      residualBlocks: null,
      hiddenLayers: null,
      denseUnits: null,
      denseDropout: null,
      imageSize: null,
      unfrozenBlocks: null,
      pretrained: null,
      epochs: 10,
      steps: null,
      batchSize: 128,
      microBatch: 32,
      wire: 'float32',
      seed: 0,
      initialWeights: 'seeded',
      evaluateEvery: 1,
      validation: 0,
      validationSplit: 'stratified',
      normalize: false,
      folds: null,
      fold: null,
      splitSeed: null,
      evaluateTest: true,
      classNoise: 0,
      classNoisePairs: null,
      attributeNoise: 0,
      labelSmoothing: 0,
      augmentFlip: false,
      augmentShift: 0,
      augmentZoom: 0,
      augmentRotation: 0,
      augmentShear: 0,
      augmentErasing: 0,
      erasingMinArea: 0.02,
      erasingMaxArea: 0.4,
      erasingMinAspect: 0.3,
      optimizer: 'adam',
      learningRate: 0.001,
      learningRateSchedule: 'constant',
      decayRate: 0.9,
      decayEpochs: 1,
      minLearningRate: 0,
      plateauFactor: 0.1,
      plateauPatience: 10,
      plateauCooldown: 0,
      plateauMinDelta: 1e-4,
      plateauMonitor: null,
      warmupEpochs: 0,
      scalingBatch: null,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      momentum: 0,
      nesterov: false,
      rho: 0.9,
      centered: false,
      trustCoefficient: 0.001,
      weightDecay: 0,
      weightDecayConv: null,
      weightDecayDense: null,
      weightDecayBias: null,
      weightDecayNorm: null,
      decoupledWeightDecay: 0.01,
      clipNorm: null,
      clipValue: null,
      monitor: null,
      earlyStoppingPatience: null,
      earlyStoppingMinDelta: 0,
      earlyStoppingStart: 0,
      keepBest: false,
      restoreBest: false,
      emaDecay: null,
      emaWarmup: false,
      engine: 'auto',
      fastMath: false,
      threads: 3,
      gpus: null,
      mixedEngines: false,
      dataMemory: null,
      stallSeconds: null,
      keepFeatures: 2048,
      data: null,
      out: '/home/me/runs/20261121-100908-lenet5',
      resume: null,
      checkpointEvery: null,
      keepCheckpoints: 2,
      trace: null,
      quiet: false,
      json: false,
      dryRun: false,
    },
  );
  t.ok(Object.isFrozen(config));
});

t.test('a resolved configuration resolves to itself, through JSON too', async (t) => {
  const config = resolve({ model: './my/net.mjs', steps: 7, batchSize: 50, threads: 2, data: 'd' });
  t.equal(config.model, '/home/me/my/net.mjs');
  t.equal(config.out, '/home/me/runs/20261121-100908-net');
  t.strictSame(resolve(JSON.parse(JSON.stringify(config))), config);
});

t.test('steps alone leave the epochs unbounded', async (t) => {
  t.match(resolve({ steps: 5 }), { steps: 5, epochs: null });
  t.match(resolve({ steps: 5, epochs: 2 }), { steps: 5, epochs: 2 });
  t.match(resolve({ steps: null }), { steps: null, epochs: 10 });
  t.same(faultsOf({ epochs: null }), ['epochs: epochs and steps cannot both be null']);
});

t.test('every fault is reported at once, with what was expected and got', async (t) => {
  t.same(
    faultsOf({
      epochs: NaN,
      bathSize: 3,
      threads: 1.5,
      engine: 'gpu',
      beta1: 1,
      learningRate: 0,
      quiet: 'yes',
      data: '',
      microBatch: 200,
      momentum: 0.5,
    }),
    [
      'epochs: expected an integer from 1 to 1000000, got NaN',
      'bathSize: no such key; did you mean batchSize?',
      'threads: expected an integer from 1 to 256, got 1.5',
      'engine: expected one of auto, wasm, tensorflow, reference, got "gpu"',
      'beta1: expected a number of at least 0 and below 1, got 1',
      'learningRate: expected a number above 0, got 0',
      'quiet: expected true or false, got "yes"',
      'data: expected a text that is not empty, got ""',
      'microBatch: must not exceed batchSize: got 200 above 128',
      'momentum: belongs to optimizer sgd, rmsprop and lars, but optimizer is adam',
    ],
  );
});

t.test('numbers that JSON cannot hold, or integers do not reach, are refused', async (t) => {
  for (const seed of [NaN, Infinity, -1, 0.5, 2 ** 53, '1', 1n, null]) {
    t.equal(faultsOf({ seed }).length, 1, String(seed));
  }
  t.equal(resolve({ seed: 2 ** 53 - 1 }).seed, 2 ** 53 - 1);
  for (const learningRate of [NaN, Infinity, -0.1, 0]) {
    t.equal(faultsOf({ learningRate }).length, 1, String(learningRate));
  }
  t.ok(Object.is(resolve({ weightDecay: -0 }).weightDecay, 0), '-0 becomes 0');
});

t.test('an input that is no object, or brings a prototype key, is a fault', async (t) => {
  for (const input of [null, [], 'x', 3]) t.equal(faultsOf(input).length, 1);
  t.same(faultsOf({ toString: 1 }), ['toString: no such key']);
  t.same(faultsOf(JSON.parse('{"__proto__": 1}')), ['__proto__: no such key']);
});

t.test('a validation set is a share or a whole number, erasing has bounds in order', async (t) => {
  t.same(faultsOf({ validation: 12000 }), []);
  t.match(faultsOf({ validation: 1.5 }), [
    /^validation: expected a share below 1 or a whole number/,
  ]);
  t.match(faultsOf({ erasingMaxArea: 0.2 }), [/^erasingMaxArea: needs augmentErasing above 0$/]);
  t.match(faultsOf({ augmentErasing: 0.5, erasingMinArea: 0.5 }), [
    /^erasingMinArea: must not exceed erasingMaxArea: got 0.5 above 0.4$/,
  ]);
});

t.test('folds come with the fold that is meant, and take the place of a share', async (t) => {
  t.same(faultsOf({ folds: 3, fold: 3 }), []);
  t.same(faultsOf({ folds: 3 }), [
    'folds: folds and fold come together; got folds 3 and fold null',
  ]);
  t.same(faultsOf({ folds: 3, fold: 4 }), ['fold: expected one of the 3 folds, got 4']);
  t.same(faultsOf({ folds: 3, fold: 1, validation: 0.1 }), [
    'validation: validation and folds cannot both be given',
  ]);
});

t.test('pairs of class noise name each class once, and need noise', async (t) => {
  t.same(faultsOf({ classNoise: 0.1, classNoisePairs: '0-6,2-4' }), []);
  t.same(faultsOf({ classNoisePairs: '0-6' }), ['classNoisePairs: needs classNoise above 0']);
  t.same(faultsOf({ classNoise: 0.1, classNoisePairs: '0-6,6-4' }), [
    'classNoisePairs: class 6 is named twice in "0-6,6-4"',
  ]);
  t.equal(faultsOf({ classNoise: 0.1, classNoisePairs: '0-6,' }).length, 1);
});

t.test('a range test by factors needs somewhere to rise from', async (t) => {
  t.match(faultsOf({ learningRateSchedule: 'logRange' }), [/^minLearningRate: must be above 0/]);
  t.same(faultsOf({ learningRateSchedule: 'linearRange' }), []);
});

t.test('a mistyped model is guessed', async (t) => {
  t.match(faultsOf({ model: 'lenet' }), [/got "lenet"; did you mean lenet5\?$/]);
  t.match(faultsOf({ model: 'vgg16' }), [/got "vgg16"$/]);
});

t.test('settings of another optimizer are refused, their defaults are not', async (t) => {
  t.same(faultsOf({ optimizer: 'sgd', momentum: 0.9, beta1: 0.9 }), []);
  t.same(faultsOf({ optimizer: 'sgd', beta2: 0.99 }), [
    'beta2: belongs to optimizer adam, amsgrad, adamw and lamb, but optimizer is sgd',
  ]);
  t.same(faultsOf({ optimizer: 'adamw', weightDecay: 0.1, decoupledWeightDecay: 0.1 }), [
    'weightDecay: belongs to optimizer adam, amsgrad, sgd, rmsprop and lars, but optimizer is adamw',
  ]);
  t.same(faultsOf({ optimizer: 'adam', decoupledWeightDecay: 0.1 }), [
    'decoupledWeightDecay: belongs to optimizer adamw and lamb, but optimizer is adam',
  ]);
  t.same(faultsOf({ optimizer: 'sgd', nesterov: true }), ['nesterov: needs a momentum above 0']);
  t.same(faultsOf({ clipNorm: 1, clipValue: 1 }), [
    'clipNorm: clipNorm and clipValue cannot both be given',
  ]);
  t.same(faultsOf({ optimizer: 'rmsprop', centered: true, rho: 0.5, momentum: 0.9 }), []);
});

t.test('settings of another schedule are refused, and a floor above the peak', async (t) => {
  t.same(faultsOf({ learningRateSchedule: 'cosine', decayRate: 0.5 }), [
    'decayRate: belongs to learningRateSchedule step and exponential, but it is cosine',
  ]);
  t.same(faultsOf({ learningRateSchedule: 'oneCycle', warmupEpochs: 1 }), [
    'warmupEpochs: belongs to learningRateSchedule constant, step, exponential, cosine and plateau, but it is oneCycle',
  ]);
  t.same(faultsOf({ learningRateSchedule: 'cosine', minLearningRate: 0.5, learningRate: 0.25 }), [
    'minLearningRate: must not exceed learningRate: got 0.5 above 0.25',
  ]);
});

t.test('decisions need figures to hang on', async (t) => {
  t.same(faultsOf({ plateauFactor: 0.5 }), [
    'plateauFactor: belongs to learningRateSchedule plateau, but it is constant',
  ]);
  t.same(faultsOf({ monitor: 'validationAccuracy', keepBest: true }), [
    'monitor: validationAccuracy needs a validation set: put samples aside by validation or folds',
  ]);
  t.same(faultsOf({ monitor: 'loss' }), [
    'monitor: nothing hangs on it: give earlyStoppingPatience, keepBest, restoreBest or the schedule plateau',
  ]);
  t.same(faultsOf({ earlyStoppingPatience: 3, evaluateEvery: 0 }), [
    'evaluateEvery: must be at least 1: early stopping and the schedule plateau hang on evaluations',
  ]);
  t.same(faultsOf({ earlyStoppingMinDelta: 0.1, emaWarmup: true }), [
    'earlyStoppingMinDelta: needs earlyStoppingPatience',
    'emaWarmup: needs emaDecay',
  ]);
  t.same(faultsOf({ monitor: 'testLoss', emaDecay: 1 }), [
    'monitor: expected one of validationLoss, validationAccuracy, loss, accuracy, got "testLoss"',
    'emaDecay: expected a number above 0 and below 1, got 1',
  ]);
  const good = { monitor: 'loss', learningRateSchedule: 'plateau', minLearningRate: 1e-5 };
  t.same(faultsOf(good), []);
});

t.test('a rule is not applied to keys that are faulty themselves', async (t) => {
  t.same(faultsOf({ batchSize: 'x', microBatch: 500 }), [
    'batchSize: expected an integer from 1 to 1048576, got "x"',
  ]);
});

t.test('GPUs are named once each, for the engine that can compute on them', async (t) => {
  t.same(faultsOf({ gpus: '0,1', engine: 'tensorflow' }), []);
  t.same(faultsOf({ gpus: 'all' }), []);
  t.same(faultsOf({ gpus: 'none', engine: 'wasm' }), []);
  t.same(faultsOf({ gpus: '0,1,0' }), ['gpus: GPU 0 is named twice in "0,1,0"']);
  t.same(faultsOf({ gpus: '0', engine: 'wasm' }), [
    'gpus: belongs to engine tensorflow, but engine is wasm',
  ]);
  t.match(faultsOf({ gpus: 'some' }), [/^gpus: expected all, none, or numbers such as 0,1/]);
});

t.test('the reference engine and built-in models say what they cannot do', async (t) => {
  t.equal(faultsOf({ engine: 'reference', fastMath: true }).length, 1);
  t.equal(faultsOf({ initialWeights: 'model' }).length, 1);
  t.same(faultsOf({ initialWeights: 'model', model: './a.js' }), []);
});

t.test('the L2 penalty of a kind of weight belongs where there is one', async (t) => {
  t.same(faultsOf({ optimizer: 'sgd', weightDecayNorm: 0, weightDecayConv: 0.1 }), []);
  t.same(faultsOf({ optimizer: 'lamb', weightDecayConv: 0 }), [
    'weightDecayConv: belongs to optimizer adam, amsgrad, sgd, rmsprop and lars, but optimizer is lamb',
  ]);
  t.same(faultsOf({ optimizer: 'lars', weightDecayBias: 0.1, weightDecayDense: 0.1 }), [
    'weightDecayBias: belongs to optimizer adam, amsgrad, sgd and rmsprop, but optimizer is lars',
  ]);
  t.same(faultsOf({ weightDecayDense: -1 }), [
    'weightDecayDense: expected a number of at least 0, got -1',
  ]);
});
