import { allocateShared } from '../coordinator/data/shared-memory.js';
import { classPairsOf } from '../shared/config/class-pairs.js';
import type { TrainingConfig } from '../shared/config/schema.js';
import type { DataSet, RunData, StoredDataSet } from '../shared/data/data-set.js';
import { foldsOf } from '../shared/data/folds.js';
import type { ImageSet, LabelledSet } from '../shared/data/image-set.js';
import { pixelsOf } from '../shared/data/image-shape.js';
import { addAttributeNoise, addClassNoise, noiseDomains } from '../shared/data/noise.js';
import { splitSamples, validationCount, type Split } from '../shared/data/split.js';
import { blocksOf } from '../shared/data/stored-images.js';
import { isStored, type SampleSet, type StoredSet } from '../shared/data/stored-set.js';
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
export function splitData(whole: DataSet | StoredDataSet, config: SplitConfig): RunData {
  const { train } = whole;
  const split = splitOf(train, config);
  if (!changesTraining(config)) return { ...whole, validation: null, whole };
  const samples = split?.train ?? Uint32Array.from(train.labels.keys());
  const learnt = picked(train, samples);
  return {
    ...whole,
    train: withNoise(learnt, samples, config),
    validation: split === null ? null : picked(train, split.validation),
    whole,
  };
}

/** Whether what is trained on is a copy, and not the training set as it is. */
export function changesTraining(config: Omit<SplitConfig, 'seed' | 'splitSeed'>): boolean {
  const { validation, folds, classNoise, attributeNoise } = config;
  return validation > 0 || folds !== null || classNoise > 0 || attributeNoise > 0;
}

/** Which samples a run trains on, and which it holds back; null: all are trained on. */
export function splitOf(train: LabelledSet, config: SplitConfig): Split | null {
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

/** Labels, and pixels in memory, get it in place; pixels in a file when they are read. */
function withNoise(train: SampleSet, samples: Uint32Array, config: SplitConfig): SampleSet {
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
  if (attributeNoise === 0) return train;
  if (isStored(train)) {
    const domains = noiseDomains(blocksOf(train), pixelsOf(train.shape));
    const noise = { level: attributeNoise, seed, domains };
    return { ...train, stored: { ...train.stored, noise } };
  }
  addAttributeNoise(train, samples, attributeNoise, seed);
  return train;
}

/** A copy of these samples, in their order; of pixels in a file, of where they lie. */
function picked(set: SampleSet, samples: Uint32Array): SampleSet {
  const labels = new Uint16Array(allocateShared(samples.length * 2));
  samples.forEach((sample, i) => {
    labels[i] = set.labels[sample]!;
  });
  const chosen = { count: samples.length, labels };
  return isStored(set)
    ? { ...set, ...chosen, stored: pickedPlaces(set, samples) }
    : { ...set, ...chosen, pixels: pickedPixels(set, samples) };
}

function pickedPixels({ shape, pixels: from }: ImageSet, samples: Uint32Array): Uint8Array {
  const bytes = pixelsOf(shape);
  const pixels = new Uint8Array(allocateShared(samples.length * bytes));
  samples.forEach((sample, i) => {
    pixels.set(from.subarray(sample * bytes, (sample + 1) * bytes), i * bytes);
  });
  return pixels;
}

/** Of a set that is whole: each sample lies at its own place. */
function pickedPlaces({ stored }: StoredSet, samples: Uint32Array): StoredSet['stored'] {
  const places = new Uint32Array(allocateShared(samples.length * 4));
  places.set(samples);
  return { ...stored, places };
}
