import { learningRateScheduleOf } from '../config/learning-rate.js';
import { lastStep } from '../config/schedule.js';
import type { TrainingConfig } from '../config/schema.js';
import { epochOrder, stepSamples, stepsPerEpoch } from '../data/epoch-plan.js';
import type { RunData } from '../data/data-set.js';
import type { ImageSet } from '../data/image-set.js';
import { expectedProof } from '../data/sample-proof.js';
import { floatBits } from '../numerics/float-bits.js';
import { learningRateAt } from '../numerics/learning-rate.js';
import { microBatchCount } from '../numerics/micro-batches.js';
import type { EvaluationPlan } from './messages.js';
import type { Schedule, StepPlan } from './schedule.js';

/** Names of the sets that a run evaluates. */
export const TRAIN_SET = 'train';
export const TEST_SET = 'test';
export const VALIDATION_SET = 'validation';
/** Their places among a trainer's sets. */
export const SET_INDEX: ReadonlyMap<string, number> = new Map([
  [TRAIN_SET, 0],
  [TEST_SET, 1],
  [VALIDATION_SET, 2],
]);

/**
 * The schedule of a run: which samples each step takes (as counts, and as the sum of hashes that
 * proves them), what is evaluated when, and the learning rate; a pure function of configuration
 * and data.
 */
export function runSchedule(
  config: TrainingConfig,
  { train, validation, test }: Pick<RunData, 'train' | 'validation' | 'test'>,
): Schedule {
  const { batchSize, microBatch, evaluateEvery, evaluateTest, seed } = config;
  const perEpoch = stepsPerEpoch(train.count, batchSize);
  const steps = lastStep(config, perEpoch);
  const pieces = (samples: number): number => microBatchCount(samples, microBatch);
  const plan = (set: string, { count: samples }: ImageSet): EvaluationPlan => ({
    set,
    pieces: pieces(samples),
    samples,
  });
  const unseen = [
    ...(validation === null ? [] : [plan(VALIDATION_SET, validation)]),
    ...(evaluateTest ? [plan(TEST_SET, test)] : []),
  ];
  const all = [plan(TRAIN_SET, train), ...unseen];
  const learningRate = learningRateScheduleOf(config, perEpoch);
  const memory = remembered((epoch) => epochOrder(seed, epoch, train.count));
  const plans = remembered((step): StepPlan => {
    const epoch = Math.floor(step / perEpoch);
    const samples = stepSamples(memory(epoch), batchSize, step % perEpoch);
    const [low, high] = expectedProof(samples, train.labels, epoch);
    return {
      microBatches: pieces(samples.length),
      samples: samples.length,
      hash: (BigInt(high) << 32n) | BigInt(low),
    };
  }, 8);
  return {
    steps,
    step: plans,
    evaluation(applied) {
      if (applied === steps) return all;
      const endsEpoch = applied > 0 && applied % perEpoch === 0;
      const due = evaluateEvery > 0 && endsEpoch && (applied / perEpoch) % evaluateEvery === 0;
      return due ? unseen : [];
    },
    learningRateBits: (step) => floatBits(learningRateAt(learningRate, step)),
  };
}

/** Remembers the results for the last few arguments. */
function remembered<Value>(make: (key: number) => Value, size = 2): (key: number) => Value {
  const known = new Map<number, Value>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const value = make(key);
    known.set(key, value);
    if (known.size > size) known.delete(known.keys().next().value!);
    return value;
  };
}
