import { resolve } from 'node:path';
import type { NameOfKey } from '../../shared/config/faults.js';
import { parseKeys } from '../../shared/config/parse.js';
import { resolveConfig, type ConfigEnvironment } from '../../shared/config/resolve.js';
import { resolveResume } from '../../shared/config/resume.js';
import type { ConfigInput, ResolvedConfig } from '../../shared/config/schema.js';
import { readRunConfig } from './run-folder.js';

/**
 * Resolves what a user asked for: for a new run by the defaults, for a resumed one by its folder.
 *
 * @throws LockstepError CONFIG_INVALID, CONFIG_RESUME_DIFFERS, RUN_FOLDER_NOT_A_RUN.
 */
export async function prepareConfig(
  input: unknown,
  environment: ConfigEnvironment,
  nameOf?: NameOfKey,
): Promise<ResolvedConfig> {
  const { resume } = parseKeys(input, (key) => key).values;
  if (typeof resume !== 'string') return resolveConfig(input, environment, nameOf);
  const folder = resolve(environment.cwd, resume);
  const stored = await readRunConfig(folder);
  return resolveResume(stored, input as ConfigInput, folder, environment, nameOf);
}
