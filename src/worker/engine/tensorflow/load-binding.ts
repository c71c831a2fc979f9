import { createRequire } from 'node:module';
import { join } from 'node:path';
import { LockstepError } from '../../../shared/errors.js';
import type { Binding } from './binding.js';
import { installStatus, readInstallation, type Installation } from './install/status.js';

/** Errors: ENGINE_UNAVAILABLE. */
export function loadBinding(env: NodeJS.ProcessEnv): {
  readonly binding: Binding;
  readonly installation: Installation;
} {
  const installation = readInstallation(env);
  if (installation === null) {
    const { reason, remedy } = installStatus(env);
    throw new LockstepError('ENGINE_UNAVAILABLE', `Engine tensorflow cannot run here: ${reason}.`, {
      hint: remedy,
    });
  }
  const load = createRequire(import.meta.url);
  return { binding: load(join(installation.folder, 'tfjs_binding.node')) as Binding, installation };
}
