import type { GpuWish } from '../../../../shared/config/gpus.js';
import type { EngineRefusal } from '../../engine.js';
import { readInstallation } from '../install/status.js';
import { gpusError, processFault } from '../open-library.js';
import { chooseGpus, driverFault, numbersOf } from './choose.js';
import { listGpus, type Gpu } from './listing.js';

/** The GPUs to compute on, at least one; or why there are none. */
export type GpuOffer =
  | { readonly gpus: readonly Gpu[] }
  /** `isThere`: the machine has GPUs, and something can be done about it. */
  | (EngineRefusal & { readonly isThere: boolean });

/** Which GPUs the engine can compute on here, of those that `wish` means. */
export async function offeredGpus(
  wish: Exclude<GpuWish, 'none'>,
  fastMath: boolean,
  env: NodeJS.ProcessEnv,
): Promise<GpuOffer> {
  const listing = await listGpus(env);
  const chosen = chooseGpus(listing, wish, env);
  const isThere = listing.gpus.length > 0 || listing.fault !== null;
  if ('reason' in chosen) return { ...chosen, isThere };
  const isVirtual = chosen.some((gpu) => gpu.isVirtual);
  if (!isVirtual && readInstallation(env, 'cuda') === null) {
    return {
      reason: `${numbersOf(chosen)} (${chosen[0]!.name}) can be used, and the engine is not installed with CUDA`,
      remedy: 'To install it so: lockstep engine install tensorflow --gpu',
      isThere,
    };
  }
  const fault = processFault({ gpus: chosen, fastMath });
  if (fault === null) return { gpus: chosen };
  return { reason: fault.replace(/\.$/, ''), remedy: 'Start another process for it', isThere };
}

/**
 * The GPUs that a program computes on, and what is said about them: also where there are some that
 * nobody has declined, and that cannot be used.
 *
 * Errors: ENGINE_GPUS where some were asked for, and cannot be used.
 */
export async function gpusFor(
  wish: GpuWish,
  fastMath: boolean,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly gpus: readonly Gpu[]; readonly notices: readonly string[] }> {
  if (wish === 'none') return { gpus: [], notices: [] };
  const offer = await offeredGpus(wish, fastMath, env);
  if ('gpus' in offer) {
    const { gpus } = offer;
    return { gpus, notices: [`Gradients are computed on ${numbersOf(gpus)} (${gpus[0]!.name}).`] };
  }
  const { reason, remedy, isThere } = offer;
  if (wish !== null) throw gpusError(`The GPUs asked for cannot be used: ${reason}.`, `${remedy}.`);
  const told = `Gradients are computed on processors, not on GPUs: ${reason}. ${remedy}. With --gpus none this is not said.`;
  return { gpus: [], notices: isThere ? [told] : [] };
}

/** What `lockstep engine list` says of GPUs; null where the machine shows no sign of one. */
export async function describeGpus(
  env: NodeJS.ProcessEnv,
): Promise<{ readonly detail: string; readonly remedy: string | null } | null> {
  const listing = await listGpus(env);
  if (listing.gpus.length === 0 && listing.fault === null) {
    if (readInstallation(env, 'cuda') === null) return null;
    const { reason, remedy } = driverFault(listing)!;
    return { detail: reason, remedy };
  }
  const { gpus, driver } = listing;
  const names = gpus.map(
    ({ index, name, memoryMebibytes, computeCapability }) =>
      `GPU ${index}: ${name}, ${Math.round(memoryMebibytes / 1024)} GiB, compute capability ${computeCapability}`,
  );
  const cuda = readInstallation(env, 'cuda')?.cuda ?? null;
  const versions = [
    ...(driver === null ? [] : [`driver ${driver}`]),
    ...(cuda === null ? [] : [`CUDA ${cuda.version}, cuDNN ${cuda.cudnn}`]),
  ];
  const detail = [...names, ...versions].join('; ');
  const offer = await offeredGpus('all', false, env);
  if ('gpus' in offer) return { detail, remedy: null };
  const why = [...(detail === '' ? [] : [detail]), offer.reason].join('; ');
  return { detail: why, remedy: offer.remedy };
}
