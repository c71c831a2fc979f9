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
