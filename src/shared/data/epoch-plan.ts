/**
 * Which samples each step of an epoch takes: a pure function of (seed, epoch, number of samples),
 * so that every worker knows it without being told. Every sample comes exactly once an epoch; the
 * last step takes what is left, and is never dropped.
 */
import { LockstepError } from '../errors.js';
import { PURPOSE } from '../numerics/streams.js';
import { permutation } from './permutation.js';

/**
 * The samples of `epoch` (from 0) in the order in which they are taken: a permutation of
 * 0 … count − 1, uint32 [count].
 */
export function epochOrder(seed: number, epoch: number, count: number): Uint32Array {
  checkWhole('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  checkWhole('epoch', epoch, 0, 0xffffffff);
  checkWhole('count', count, 0, 0xffffffff);
  return permutation(seed, PURPOSE.shuffle, epoch, count);
}

/** Number of steps of an epoch: ⌈count / batchSize⌉. */
export function stepsPerEpoch(count: number, batchSize: number): number {
  checkWhole('count', count, 1, 0xffffffff);
  checkWhole('batchSize', batchSize, 1, 0xffffffff);
  return Math.ceil(count / batchSize);
}

/**
 * The samples of one step: a view (no copy) of `order`, of `batchSize` samples, or fewer in the
 * last step. `stepInEpoch` counts from 0.
 */
export function stepSamples(
  order: Uint32Array,
  batchSize: number,
  stepInEpoch: number,
): Uint32Array {
  checkWhole('stepInEpoch', stepInEpoch, 0, stepsPerEpoch(order.length, batchSize) - 1);
  const first = stepInEpoch * batchSize;
  return order.subarray(first, Math.min(first + batchSize, order.length));
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new LockstepError(
    'EPOCH_PLAN_ARGUMENT',
    `${name} is ${value}; expected an integer from ${least} to ${most}.`,
  );
}
