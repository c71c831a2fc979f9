import { LockstepError } from '../../../shared/errors.js';

/** A weight as a file has it. */
export interface NamedTensor {
  /** With slashes between its parts, as in `conv2d_1/kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export function unreadable(path: string, reason: string, cause?: unknown): LockstepError {
  return new LockstepError(
    'MODEL_PRETRAINED_INVALID',
    `${path} has no weights to start from: ${reason}.`,
    {
      hint: 'Name a model.json of TensorFlow.js, its folder or that of a run, or a .h5, .weights.h5 or .keras file of Keras.',
      where: { file: path },
      cause,
    },
  );
}
