import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { LockstepError } from '../../../shared/errors.js';
import type { Binding } from './binding.js';
import { BINDING_FILE, QUIET_FILE } from './install/binding.js';
import type { Quiet } from './install/quiet-source.js';
import { installStatus, type Installation } from './install/status.js';

const load = createRequire(import.meta.url);

/**
 * The library is loaded with it, on the first call in a process. `installation`: null where there
 * is none. `needsCuda`: whether GPUs are to be used. Errors: ENGINE_UNAVAILABLE; ENGINE_GPUS where a library of CUDA cannot be loaded.
 */
export async function loadBinding(
  env: NodeJS.ProcessEnv,
  installation: Installation | null,
  needsCuda = false,
): Promise<{
  readonly binding: Binding;
  readonly installation: Installation;
}> {
  if (installation === null) {
    const { reason, remedy } = await installStatus(env);
    throw new LockstepError('ENGINE_UNAVAILABLE', `Engine tensorflow cannot run here: ${reason}.`, {
      hint: remedy,
    });
  }
  const file = join(installation.folder, BINDING_FILE);
  if (!isMainThread) return { binding: load(file) as Binding, installation };
  const quiet = load(join(installation.folder, QUIET_FILE)) as Quiet;
  if (needsCuda) preloadCuda(quiet, installation);
  const isQuiet = Number(env['TF_CPP_MIN_LOG_LEVEL'] ?? 0) > 0;
  return { binding: isQuiet ? loadQuietly(file, quiet) : (load(file) as Binding), installation };
}

/**
 * CUDA's libraries, by their paths and before TensorFlow asks for them by name: the loader finds
 * those that are there already. Nobody has to set LD_LIBRARY_PATH, which a running process cannot.
 */
function preloadCuda(quiet: Quiet, { cuda, library }: Installation): void {
  for (const name of cuda?.libraries ?? []) {
    const fault = quiet.preload(join(library, name));
    if (fault === '') continue;
    throw new LockstepError('ENGINE_GPUS', `A library of CUDA cannot be loaded: ${fault}.`, {
      hint: `Delete ${library}, and install again: lockstep engine install tensorflow --gpu`,
    });
  }
}

/** The library's greeting, which heeds no variable, is left out; anything else is handed on. */
function loadQuietly(file: string, quiet: Quiet): Binding {
  quiet.begin();
  try {
    return load(file) as Binding;
  } finally {
    const rest = quiet
      .end()
      .split('\n')
      .filter((line) => line !== '' && !GREETINGS.test(line));
    for (const line of rest) process.stderr.write(`${line}\n`);
  }
}

const GREETINGS = /absl::InitializeLog\(\) is called|oneDNN custom operations are on/;
