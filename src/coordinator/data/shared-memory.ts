/** Memory that the compute threads read without a copy. */
import { LockstepError } from '../../shared/errors.js';

/** @throws LockstepError DATA_TOO_LARGE */
export function allocateShared(bytes: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(bytes);
  } catch (cause) {
    throw new LockstepError(
      'DATA_TOO_LARGE',
      `The data set takes ${bytes} bytes (${(bytes / 1e9).toFixed(1)} GB) of shared memory, which cannot be had.`,
      { cause, hint: 'Use fewer or smaller images, or a machine with more memory.' },
    );
  }
}
