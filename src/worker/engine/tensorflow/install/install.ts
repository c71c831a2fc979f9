import { rm } from 'node:fs/promises';
import { LockstepError } from '../../../../shared/errors.js';
import { driverFault } from '../gpu/choose.js';
import { listGpus } from '../gpu/listing.js';
import { installBinding } from './binding.js';
import { installLibrary } from './library.js';
import { requireTools } from './tools.js';
import { readInstallation, type Installation } from './status.js';
import { installFolders } from './versions.js';

export type { Installation };

export interface InstallOptions {
  /** A folder with the wheels, or with an installed Python package; null: pip fetches them. */
  readonly from: string | null;
  readonly env: NodeJS.ProcessEnv;
  /** Told what is being done, a line each. */
  readonly say: (text: string) => void;
  /** For NVIDIA's GPUs too; left out: for processors. */
  readonly gpu?: boolean;
  /** Whether the GPUs may be elsewhere: the installation is then not tried on one. */
  readonly withoutDriver?: boolean;
}

/**
 * Makes TensorFlow's library and the binding to it, in the user's cache. What is there already is
 * left as it is; an installation that was cut off goes on where it was.
 *
 * Errors: ENGINE_INSTALL_PLATFORM, ENGINE_INSTALL_DRIVER, ENGINE_INSTALL_TOOL_MISSING, and those of
 * its two parts.
 */
export async function installTensorflow(options: InstallOptions): Promise<Installation> {
  const { from, env, say, gpu = false, withoutDriver = false } = options;
  const variant = gpu ? 'cuda' : 'cpu';
  const folders = installFolders(env, variant);
  const there = readInstallation(env, variant);
  if (there !== null) return there;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new LockstepError(
      'ENGINE_INSTALL_PLATFORM',
      `The engine tensorflow is made for linux on x64, not for ${process.platform} on ${process.arch}.`,
      { hint: 'Use --engine wasm, which runs everywhere.' },
    );
  }
  const hasGpu = gpu && (await requireDriver(env, withoutDriver));
  const tools = await requireTools(env);
  await installLibrary(folders, variant, tools, env, from, say);
  await installBinding(folders, { variant, hasGpu }, tools, env, say);
  await rm(folders.downloads, { recursive: true, force: true });
  return readInstallation(env, variant)!;
}

/** Before gigabytes are fetched. Whether the installation can be tried on a GPU here. */
async function requireDriver(env: NodeJS.ProcessEnv, mayLack: boolean): Promise<boolean> {
  const fault = driverFault(await listGpus({ ...env, LOCKSTEP_VIRTUAL_GPUS: '' }));
  if (fault === null) return true;
  if (mayLack) return false;
  throw new LockstepError('ENGINE_INSTALL_DRIVER', `No GPU can be used here: ${fault.reason}.`, {
    hint: `${fault.remedy}. To install for machines that have GPUs, on this one: --without-driver. Without --gpu, the processor computes.`,
  });
}
