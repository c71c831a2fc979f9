import { LockstepError } from '../shared/errors.js';
import type { DataSet } from '../shared/data/data-set.js';
import { layoutOf } from '../shared/data/data-set-layout.js';

/** The one memory that a data set read from files lies in; see data-set-layout.ts. */
export function sharedMemoryOf({ train, test }: DataSet): SharedArrayBuffer {
  const sizes = { shape: train.shape, trainCount: train.count, testCount: test.count };
  const memory = train.pixels.buffer as ArrayBufferLike;
  const isOne =
    memory instanceof SharedArrayBuffer &&
    memory.byteLength === layoutOf(sizes).byteLength &&
    test.labels.buffer === memory;
  if (isOne) return memory;
  throw new LockstepError('DATA_SETS_MISMATCH', 'Arrays of a program cannot be sent to workers.', {
    hint: 'Write them to a folder (lockstep data convert), and name that.',
  });
}
