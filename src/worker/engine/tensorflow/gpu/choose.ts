import type { GpuWish } from '../../../../shared/config/gpus.js';
import type { EngineRefusal } from '../../engine.js';
import type { Installation } from '../install/status.js';
import type { Gpu, GpuListing } from './listing.js';

/** What TensorFlow's CUDA 12 needs of the driver: NVIDIA's table of minor version compatibility. */
export const LEAST_DRIVER = '525.60.13';
/** The least compute capability that TensorFlow 2.21 has kernels for. */
const LEAST_CAPABILITY = 6;

const DRIVER_REMEDY = `Install NVIDIA's driver ${LEAST_DRIVER} or newer (on Debian, from its section non-free: apt-get install nvidia-driver), until nvidia-smi lists the GPU`;

/** Why the driver that was listed cannot be used; null where it can. */
export function driverFault({ gpus, driver, fault }: GpuListing): EngineRefusal | null {
  if (gpus.some(({ isVirtual }) => isVirtual)) return null;
  if (fault !== null)
    return { reason: `the driver does not work: ${fault}`, remedy: DRIVER_REMEDY };
  if (driver === null) {
    return { reason: 'there is no driver for GPUs: nvidia-smi is not here', remedy: DRIVER_REMEDY };
  }
  if (isOlder(driver, LEAST_DRIVER)) {
    return { reason: `the driver ${driver} is too old for CUDA 12`, remedy: DRIVER_REMEDY };
  }
  return null;
}

/**
 * The GPUs that `wish` means, in the order of their numbers: of those that CUDA_VISIBLE_DEVICES
 * leaves, whose bits are the same. At least one, or the reason why there is none.
 */
export function chooseGpus(
  listing: GpuListing,
  wish: Exclude<GpuWish, 'none'>,
  env: NodeJS.ProcessEnv,
): readonly Gpu[] | EngineRefusal {
  const driver = driverFault(listing);
  if (driver !== null) return driver;
  const visible = visibleGpus(listing.gpus, env['CUDA_VISIBLE_DEVICES']);
  const usable = visible.filter((gpu) => capabilityFault(gpu) === null);
  const there = `nvidia-smi lists ${numbersOf(listing.gpus)}`;
  if (wish !== null && typeof wish !== 'string') {
    for (const index of wish) {
      const gpu = listing.gpus.find((each) => each.index === index);
      const fault =
        gpu === undefined
          ? `there is no GPU ${index}: ${there}`
          : visible.includes(gpu)
            ? capabilityFault(gpu)
            : `CUDA_VISIBLE_DEVICES hides GPU ${index}`;
      if (fault !== null) {
        return { reason: fault, remedy: 'Name others in --gpus, or --gpus none for the processor' };
      }
    }
    return sameKind(usable.filter(({ index }) => wish.includes(index)));
  }
  if (usable.length > 0) return sameKind(usable);
  const [first] = visible;
  return first === undefined
    ? {
        reason: `CUDA_VISIBLE_DEVICES hides all GPUs: ${there}`,
        remedy: 'Take that variable out of the environment',
      }
    : { reason: capabilityFault(first)!, remedy: 'Use --gpus none: the processor computes' };
}

/** Bits belong to the kind of GPU: threads on different ones would not agree with each other. */
function sameKind(gpus: readonly Gpu[]): readonly Gpu[] | EngineRefusal {
  const other = gpus.find((gpu) => hardwareOf(gpu) !== hardwareOf(gpus[0]!));
  if (other === undefined) return gpus;
  const alike = gpus.filter((gpu) => hardwareOf(gpu) === hardwareOf(gpus[0]!));
  return {
    reason: `GPU ${gpus[0]!.index} is ${hardwareOf(gpus[0]!)}, and GPU ${other.index} ${hardwareOf(other)}: a worker computes on one kind, to which its bits belong`,
    remedy: `Name those of one kind: --gpus ${alike.map(({ index }) => index).join(',')}`,
  };
}

/** The kind of a GPU, for people. */
export function hardwareOf({ name, computeCapability }: Gpu): string {
  return `${name} (compute capability ${computeCapability})`;
}

/** What decides the bits of a GPU, for the identity of a run: its kind, and what computes on it. */
export function hardwareIdentity(gpu: Gpu, cuda: Installation['cuda']): string {
  const libraries = cuda === null ? [] : [`CUDA ${cuda.version}`, `cuDNN ${cuda.cudnn}`];
  return [hardwareOf(gpu), ...libraries].join(', ');
}

/** `GPU 0`, `GPUs 0 and 1`, `no GPU`. */
export function numbersOf(gpus: readonly Gpu[]): string {
  const numbers = gpus.map(({ index }) => String(index));
  if (numbers.length < 2) return numbers.length === 0 ? 'no GPU' : `GPU ${numbers[0]}`;
  return `GPUs ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)!}`;
}

/**
 * What CUDA shows to a process with that variable: numbers, or the beginnings of uuids; the first
 * that means no GPU ends the list. Left out, all.
 */
export function visibleGpus(gpus: readonly Gpu[], variable: string | undefined): readonly Gpu[] {
  if (variable === undefined) return gpus;
  const visible: Gpu[] = [];
  for (const word of variable.split(',').map((each) => each.trim())) {
    const found = /^\d+$/.test(word)
      ? gpus.find(({ index }) => index === Number(word))
      : gpus.find(({ uuid }) => word.startsWith('GPU-') && uuid.startsWith(word));
    if (found === undefined) break;
    visible.push(found);
  }
  return gpus.filter((gpu) => visible.includes(gpu));
}

function capabilityFault({ index, name, computeCapability, isVirtual }: Gpu): string | null {
  if (isVirtual || Number(computeCapability) >= LEAST_CAPABILITY) return null;
  return `GPU ${index} (${name}) has compute capability ${computeCapability}; TensorFlow has kernels from ${LEAST_CAPABILITY}.0 on`;
}

/** Of two versions such as 525.60.13. */
function isOlder(one: string, other: string): boolean {
  const numbers = (version: string) => version.split('.').map((part) => Number.parseInt(part, 10));
  const [a, b] = [numbers(one), numbers(other)];
  const at = b.findIndex((part, i) => (a[i] ?? 0) !== part);
  return at >= 0 && (a[at] ?? 0) < b[at]!;
}
