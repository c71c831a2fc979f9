/** TensorFlow's library in this process: for what it is loaded, once and for all. */
import { LockstepError } from '../../../shared/errors.js';
import type { Binding } from './binding.js';
import { numbersOf } from './gpu/choose.js';
import { installationFor, type Installation } from './install/status.js';
import { deviceName, setLibraryEnvironment, type LibraryUse } from './library-environment.js';
import { loadBinding } from './load-binding.js';

export interface OpenLibrary {
  readonly binding: Binding;
  readonly installation: Installation;
  /** The library's names of the devices of `use.gpus`, in that order. */
  readonly devices: readonly string[];
}

/** What this process has loaded, and for what; null: nothing. */
let loaded: { readonly use: LibraryUse; readonly installation: Installation } | null = null;

const VISIBILITY = ['CUDA_VISIBLE_DEVICES', 'CUDA_DEVICE_ORDER'] as const;

/**
 * Loads the library for these GPUs, or takes the loaded one where that has them. For the main
 * thread; compute threads only load the binding.
 *
 * Errors: ENGINE_UNAVAILABLE where it is not installed; ENGINE_GPUS where it is loaded for other
 * GPUs, or does not find them.
 */
export async function openLibrary(env: NodeJS.ProcessEnv, use: LibraryUse): Promise<OpenLibrary> {
  const fault = processFault(use);
  if (fault !== null) throw gpusError(fault, PROCESS_HINT);
  const installation = loaded?.installation ?? installationFor(env, use.gpus);
  const given = VISIBILITY.map((name) => env[name]);
  if (loaded === null) setLibraryEnvironment(env, use);
  let binding: Binding;
  try {
    const needsCuda = use.gpus.some(({ isVirtual }) => !isVirtual);
    ({ binding } = await loadBinding(env, installation, needsCuda));
  } finally {
    // CUDA has read them. Programs that this one starts are to see what the user has given.
    VISIBILITY.forEach((name, i) => {
      if (given[i] === undefined) Reflect.deleteProperty(env, name);
      else env[name] = given[i];
    });
  }
  loaded ??= { use, installation: installation! };
  const all = loaded.use.gpus;
  const devices = use.gpus.map((gpu) =>
    deviceName(
      all,
      all.findIndex(({ uuid }) => uuid === gpu.uuid),
    ),
  );
  const found = binding.listDevices();
  const missing = use.gpus.filter((_, i) => !found.includes(devices[i]!));
  if (missing.length > 0) {
    const short = found.map((name) => name.replace(/^.*device:/, '')).join(', ');
    throw gpusError(
      `TensorFlow does not find ${numbersOf(missing)}, which the driver lists; it finds ${short}.`,
      'TF_CPP_MIN_LOG_LEVEL=0 before the command shows its own words on why. With --gpus none the processor computes.',
    );
  }
  return { binding, installation: loaded.installation, devices };
}

const PROCESS_HINT = 'Start another process for it.';

/** Why the library of this process cannot be used so; null where it can. */
export function processFault({ gpus, fastMath }: LibraryUse): string | null {
  if (loaded === null || gpus.length === 0) return null;
  const others = loaded.use.gpus;
  const missing = gpus.filter(({ uuid }) => !others.some((other) => other.uuid === uuid));
  if (missing.length > 0) {
    return `TensorFlow's library is loaded in this process, with ${numbersOf(others)}: it cannot take ${numbersOf(missing)} any more.`;
  }
  if (loaded.use.fastMath !== fastMath) {
    return `TensorFlow's library is loaded in this process ${loaded.use.fastMath ? 'with' : 'without'} fast arithmetic: that cannot be changed any more.`;
  }
  return null;
}

export function gpusError(message: string, hint: string): LockstepError {
  return new LockstepError('ENGINE_GPUS', message, { hint });
}
