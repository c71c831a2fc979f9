import { LockstepError } from '../../../../shared/errors.js';

/** Says which layer the engine does not cover, why, and what to do. */
export function refuseLayer(label: string, reason: string, remedy: string): never {
  throw new LockstepError(
    'ENGINE_LAYER_UNSUPPORTED',
    `The wasm engine does not cover layer ${label}: it ${reason}.`,
    { hint: remedy },
  );
}
