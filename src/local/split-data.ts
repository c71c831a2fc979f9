import { allocateShared } from '../coordinator/data/shared-memory.js';
import type { TrainingConfig } from '../shared/config/schema.js';
import type { DataSet, RunData } from '../shared/data/data-set.js';
import type { ImageSet } from '../shared/data/image-set.js';
import { pixelsOf } from '../shared/data/image-shape.js';
import { splitSamples, validationCount } from '../shared/data/split.js';
import { LockstepError } from '../shared/errors.js';

/** Puts samples of the training set aside, as the configuration wishes. Throws DATA_SPLIT_TOO_LARGE. */
export function splitData(
  whole: DataSet,
  config: Pick<TrainingConfig, 'validation' | 'validationSplit' | 'seed'>,
): RunData {
  const { train } = whole;
  if (config.validation === 0) return { ...whole, validation: null, whole };
  const size = validationCount(config.validation, train.count);
  if (size >= train.count) {
    throw new LockstepError(
      'DATA_SPLIT_TOO_LARGE',
      `validation asks for ${size} of the ${train.count} training samples; nothing would be left to train on.`,
      { hint: 'Lower --validation: a share below 1, or a number of samples.' },
    );
  }
  const split = splitSamples(train.labels, train.classes.length, config);
  return {
    ...whole,
    train: picked(train, split.train),
    validation: picked(train, split.validation),
    whole,
  };
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
