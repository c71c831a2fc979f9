import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { LockstepError } from '../../../shared/errors.js';
import type { Binding } from './binding.js';
import { BINDING_FILE, QUIET_FILE } from './install/binding.js';
import { installStatus, readInstallation, type Installation } from './install/status.js';

const load = createRequire(import.meta.url);

/** The library is loaded with it, on the first call in a process. Errors: ENGINE_UNAVAILABLE. */
export async function loadBinding(env: NodeJS.ProcessEnv): Promise<{
  readonly binding: Binding;
  readonly installation: Installation;
}> {
  const installation = readInstallation(env);
  if (installation === null) {
    const { reason, remedy } = await installStatus(env);
    throw new LockstepError('ENGINE_UNAVAILABLE', `Engine tensorflow cannot run here: ${reason}.`, {
      hint: remedy,
    });
  }
  const file = join(installation.folder, BINDING_FILE);
  const isQuiet = Number(env['TF_CPP_MIN_LOG_LEVEL'] ?? 0) > 0;
  const quiet = isMainThread && isQuiet ? join(installation.folder, QUIET_FILE) : null;
  return {
    binding: quiet === null ? (load(file) as Binding) : loadQuietly(file, quiet),
    installation,
  };
}

interface Quiet {
  begin(): void;
  /** What was written to standard error meanwhile. */
  end(): string;
}

/** The library's greeting, which heeds no variable, is left out; anything else is handed on. */
function loadQuietly(file: string, quietFile: string): Binding {
  const quiet = load(quietFile) as Quiet;
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
