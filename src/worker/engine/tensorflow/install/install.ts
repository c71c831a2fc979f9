import { rm } from 'node:fs/promises';
import { LockstepError } from '../../../../shared/errors.js';
import { installBinding } from './binding.js';
import { installLibrary } from './library.js';
import { requireTools } from './tools.js';
import { readInstallation, type Installation } from './status.js';
import { installFolders } from './versions.js';

export type { Installation };

export interface InstallOptions {
  /** A folder with the wheel, or with an installed Python package; null: pip fetches it. */
  readonly from: string | null;
  readonly env: NodeJS.ProcessEnv;
  /** Told what is being done, a line each. */
  readonly say: (text: string) => void;
}

/**
 * Makes TensorFlow's library and the binding to it, in the user's cache. What is there already is
 * left as it is; an installation that was cut off goes on where it was.
 *
 * Errors: ENGINE_INSTALL_PLATFORM, ENGINE_INSTALL_TOOL_MISSING, and those of its two parts.
 */
export async function installTensorflow({ from, env, say }: InstallOptions): Promise<Installation> {
  const folders = installFolders(env);
  const there = readInstallation(env);
  if (there !== null) return there;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new LockstepError(
      'ENGINE_INSTALL_PLATFORM',
      `The engine tensorflow is made for linux on x64, not for ${process.platform} on ${process.arch}.`,
      { hint: 'Use --engine wasm, which runs everywhere.' },
    );
  }
  const tools = await requireTools(env);
  await installLibrary(folders, tools, env, from, say);
  await installBinding(folders, tools, env, say);
  await rm(folders.downloads, { recursive: true, force: true });
  return readInstallation(env)!;
}
