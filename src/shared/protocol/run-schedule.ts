import { learningRateScheduleOf } from '../config/learning-rate.js';
import { lastStep } from '../config/schedule.js';
import { trainingControlsOf } from '../config/training-controls.js';
import type { TrainingConfig } from '../config/schema.js';
import { epochOrder, stepSamples, stepsPerEpoch } from '../data/epoch-plan.js';
import type { RunData } from '../data/data-set.js';
import type { LabelledSet } from '../data/image-set.js';
import { expectedProof } from '../data/sample-proof.js';
import { floatBits } from '../numerics/float-bits.js';
import { learningRateAt } from '../numerics/learning-rate.js';
import { microBatchCount } from '../numerics/micro-batches.js';
import { TEST_SET, TRAIN_SET, VALIDATION_SET } from './evaluated-sets.js';
import type { EvaluationPlan } from './messages.js';
import type { Schedule, StepPlan } from './schedule.js';

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
  const { restoreBest: endsWithBest } = config;
  const perEpoch = stepsPerEpoch(train.count, batchSize);
  const steps = lastStep(config, perEpoch);
  const pieces = (samples: number): number => microBatchCount(samples, microBatch);
  const plan = (set: string, { count: samples }: LabelledSet): EvaluationPlan => ({
    set,
    pieces: pieces(samples),
    samples,
  });
  const unseen = [
    ...(validation === null ? [] : [plan(VALIDATION_SET, validation)]),
    ...(evaluateTest ? [plan(TEST_SET, test)] : []),
  ];
  const rest = [plan(TRAIN_SET, train)];
  const all = [...rest, ...unseen];
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
    evaluation(applied, which) {
      if (which === 'best') return all;
      const isLast = applied === steps;
      // Where the best weights may take the place of the last, the training set can wait for them.
      if (which === 'rest') return isLast && !endsWithBest ? [] : rest;
      if (isLast) return endsWithBest ? unseen : all;
      const endsEpoch = applied > 0 && applied % perEpoch === 0;
      const due = evaluateEvery > 0 && endsEpoch && (applied / perEpoch) % evaluateEvery === 0;
      return due ? unseen : [];
    },
    learningRateBits: (step, standing) =>
      floatBits(learningRateAt(learningRate, step, standing?.plateau.reductions)),
    controls: trainingControlsOf(config, perEpoch),
    endsWithBest,
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
