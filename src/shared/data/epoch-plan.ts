/**
 * Which samples each step of an epoch takes: a pure function of (seed, epoch, number of samples),
 * so that every worker knows it without being told. Every sample comes exactly once an epoch; the
 * last step takes what is left, and is never dropped.
 */
import { LockstepError } from '../errors.js';
import { philox4x32 } from '../numerics/philox.js';
import { PURPOSE, seedKey, streamWord } from '../numerics/streams.js';

/**
 * The samples of `epoch` (from 0) in the order in which they are taken: a permutation of
 * 0 … count − 1, uint32 [count].
 *
 * Fisher–Yates from the end: draw number d = count − 1 − i swaps places i and ⌊u·(i + 1) / 2³²⌋,
 * u being word d mod 4 of block ⌊d / 4⌋ of the epoch's shuffle stream (`streams.ts`). The product
 * is a double: exact below 2²¹ samples, and rounded alike everywhere above.
 */
export function epochOrder(seed: number, epoch: number, count: number): Uint32Array {
  checkWhole('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  checkWhole('epoch', epoch, 0, 0xffffffff);
  checkWhole('count', count, 0, 0xffffffff);
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  const [key0, key1] = seedKey(seed);
  const stream = streamWord(PURPOSE.shuffle, 0);
  const words = new Uint32Array(4);
  for (let i = count - 1, draw = 0; i > 0; i--, draw++) {
    if ((draw & 3) === 0) philox4x32(draw >>> 2, 0, epoch, stream, key0, key1, words);
    const j = Math.floor((words[draw & 3]! * (i + 1)) / 4294967296);
    const taken = order[i]!;
    order[i] = order[j]!;
    order[j] = taken;
  }
  return order;
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
