import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LockstepError } from '../../shared/errors.js';

/**
 * Holds for a LayersModel of any copy of tfjs: a user's project may bring its own, and all copies
 * in a process keep their tensors in one common engine, so that Lockstep can read and set the
 * weights of either.
 *
 * Errors: MODEL_MODULE_EXPORT.
 */
export function expectModel(made: unknown): asserts made is LayersModel {
  const model = made as Partial<LayersModel> | null | undefined;
  const fits =
    typeof model === 'object' &&
    Array.isArray(model?.layers) &&
    Array.isArray(model.weights) &&
    typeof model.toJSON === 'function';
  if (fits) return;
  throw new LockstepError(
    'MODEL_MODULE_EXPORT',
    `Expected a tfjs LayersModel, got ${describe(made)}.`,
    { hint: 'Return what tf.sequential({ … }) or tf.model({ … }) gives.' },
  );
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  return `an object of class ${value.constructor?.name ?? 'none'}`;
}
