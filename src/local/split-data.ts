import { allocateShared } from '../coordinator/data/shared-memory.js';
import { classPairsOf } from '../shared/config/class-pairs.js';
import type { TrainingConfig } from '../shared/config/schema.js';
import type { DataSet, RunData } from '../shared/data/data-set.js';
import { foldsOf } from '../shared/data/folds.js';
import type { ImageSet } from '../shared/data/image-set.js';
import { pixelsOf } from '../shared/data/image-shape.js';
import { addAttributeNoise, addClassNoise } from '../shared/data/noise.js';
import { splitSamples, validationCount, type Split } from '../shared/data/split.js';
import { LockstepError } from '../shared/errors.js';

type SplitConfig = Pick<
  TrainingConfig,
  | 'validation'
  | 'validationSplit'
  | 'folds'
  | 'fold'
  | 'seed'
  | 'splitSeed'
  | 'classNoise'
  | 'classNoisePairs'
  | 'attributeNoise'
>;

/**
 * Puts samples of the training set aside, as the configuration wishes, and noise into what is left
 * to train on. Throws DATA_SPLIT_TOO_LARGE, CONFIG_INVALID (a class that is not there).
 */
export function splitData(whole: DataSet, config: SplitConfig): RunData {
  const { train } = whole;
  const split = splitOf(train, config);
  const noisy = config.classNoise > 0 || config.attributeNoise > 0;
  if (split === null && !noisy) return { ...whole, validation: null, whole };
  const samples = split?.train ?? Uint32Array.from(train.labels.keys());
  const learnt = picked(train, samples);
  addNoise(learnt, samples, config);
  return {
    ...whole,
    train: learnt,
    validation: split === null ? null : picked(train, split.validation),
    whole,
  };
}

/** Which samples a run trains on, and which it holds back; null: all are trained on. */
export function splitOf(train: ImageSet, config: SplitConfig): Split | null {
  const { validation, validationSplit, folds, fold } = config;
  const seed = config.splitSeed ?? config.seed;
  if (folds !== null) {
    refuseTooLarge(`folds asks for ${String(folds)} parts`, folds > train.count, train.count);
    const parts = foldsOf(train.labels, train.classes.length, { folds, validationSplit, seed });
    const all = Uint32Array.from(train.labels.keys());
    return {
      train: all.filter((sample) => parts[sample] !== fold! - 1),
      validation: all.filter((sample) => parts[sample] === fold! - 1),
    };
  }
  if (validation === 0) return null;
  const size = validationCount(validation, train.count);
  refuseTooLarge(`validation asks for ${String(size)}`, size >= train.count, train.count);
  return splitSamples(train.labels, train.classes.length, { validation, validationSplit, seed });
}

function refuseTooLarge(wish: string, tooLarge: boolean, count: number): void {
  if (!tooLarge) return;
  throw new LockstepError(
    'DATA_SPLIT_TOO_LARGE',
    `${wish} of the ${String(count)} training samples; nothing would be left to train on.`,
    { hint: 'Lower --validation (a share below 1, or a number of samples), or --folds.' },
  );
}

function addNoise(train: ImageSet, samples: Uint32Array, config: SplitConfig): void {
  const { classNoise: level, classNoisePairs, attributeNoise, seed } = config;
  const classes = train.classes.length;
  const pairs = classNoisePairs === null ? null : classPairsOf(classNoisePairs);
  const unknown = pairs?.flat().find((label) => label >= classes);
  if (unknown !== undefined) {
    throw new LockstepError(
      'CONFIG_INVALID',
      `classNoisePairs names class ${String(unknown)}; the data set has 0 to ${String(classes - 1)}.`,
      { hint: 'lockstep data info lists the classes and their numbers.' },
    );
  }
  if (level > 0) addClassNoise(train.labels, samples, classes, { level, pairs }, seed);
  if (attributeNoise > 0) addAttributeNoise(train, samples, attributeNoise, seed);
}

/** A copy of these samples, in their order. */
function picked(set: ImageSet, samples: Uint32Array): ImageSet {
  const bytes = pixelsOf(set.shape);
  const pixels = new Uint8Array(allocateShared(samples.length * bytes));
  const labels = new Uint16Array(allocateShared(samples.length * 2));
  samples.forEach((sample, i) => {
    pixels.set(set.pixels.subarray(sample * bytes, (sample + 1) * bytes), i * bytes);
    labels[i] = set.labels[sample]!;
  });
  return { ...set, count: samples.length, pixels, labels };
}
