import { runProgram } from '../../../../shared/run-program.js';

/** A GPU as its driver lists it. */
export interface Gpu {
  /** Its number in `nvidia-smi`, by the order of the bus. */
  readonly index: number;
  /** `GPU-…`: the same wherever it is plugged in. */
  readonly uuid: string;
  readonly name: string;
  readonly memoryMebibytes: number;
  /** Such as 9.0. */
  readonly computeCapability: string;
  /** Whether it is a part of the processor that stands for one; see virtualGpus. */
  readonly isVirtual: boolean;
}

export interface GpuListing {
  readonly gpus: readonly Gpu[];
  /** Version of the driver; null: there is none. */
  readonly driver: string | null;
  /** What the driver's own program says is wrong, as a part of a sentence; null: nothing. */
  readonly fault: string | null;
}

/** A driver that hangs is no driver. One that has slept may take some seconds to wake. */
const STALL_MILLIS = 30_000;
const FIELDS = ['index', 'uuid', 'name', 'memory.total', 'compute_cap', 'driver_version'];
const ABSENT: GpuListing = { gpus: [], driver: null, fault: null };

/** By the PATH in which nvidia-smi was looked for: it may take seconds, and is asked often. */
const listings = new Map<string, Promise<GpuListing>>();

/** What GPUs there are here, by `nvidia-smi`, which comes with the driver. Never rejects. */
export function listGpus(env: NodeJS.ProcessEnv): Promise<GpuListing> {
  const virtual = virtualGpus(env);
  if (virtual !== null) return Promise.resolve(virtual);
  const path = env['PATH'] ?? '';
  const listing = listings.get(path) ?? askDriver(env);
  listings.set(path, listing);
  return listing;
}

async function askDriver(env: NodeJS.ProcessEnv): Promise<GpuListing> {
  const query = [`--query-gpu=${FIELDS.join(',')}`, '--format=csv,noheader,nounits'];
  const run = { program: 'nvidia-smi', args: query, env, stallMillis: STALL_MILLIS };
  const { outcome, status, output, how } = await runProgram(run);
  if (outcome === 'missing') return ABSENT;
  if (status !== 0) {
    const said = output.split('\n')[0] ?? '';
    return { ...ABSENT, fault: `nvidia-smi ${how}${said === '' ? '' : `: ${said}`}` };
  }
  return parseListing(output);
}

/**
 * `output`: a line for each GPU, with FIELDS. What else it holds, such as warnings, is passed over.
 */
export function parseListing(output: string): GpuListing {
  const gpus: Gpu[] = [];
  let driver: string | null = null;
  for (const line of output.split('\n')) {
    const fields = line.split(',').map((field) => field.trim());
    const [index, uuid, name, memory, computeCapability, version] = fields;
    if (fields.length !== FIELDS.length || !/^\d+$/.test(index!)) continue;
    driver = version!;
    gpus.push({
      ...{ index: Number(index), uuid: uuid!, name: name!, isVirtual: false },
      ...{ memoryMebibytes: Number(memory) || 0, computeCapability: computeCapability! },
    });
  }
  if (gpus.length > 0) return { gpus, driver, fault: null };
  const said = output.split('\n')[0] ?? '';
  return { ...ABSENT, fault: `nvidia-smi lists no GPU${said === '' ? '' : `: ${said}`}` };
}

/** The most GPUs that a machine is taken to have. */
const MOST_VIRTUAL = 16;

/**
 * With LOCKSTEP_VIRTUAL_GPUS=N, N parts of the processor stand for GPUs: the way of the work over
 * several GPUs is tried where there is none. They compute what the processor computes.
 */
function virtualGpus(env: NodeJS.ProcessEnv): GpuListing | null {
  const count = Number(env['LOCKSTEP_VIRTUAL_GPUS'] ?? 0);
  if (!Number.isInteger(count) || count < 1 || count > MOST_VIRTUAL) return null;
  const gpus = Array.from({ length: count }, (_, index) => ({
    ...{ index, uuid: `virtual-${index}`, name: 'virtual GPU', isVirtual: true },
    ...{ memoryMebibytes: 0, computeCapability: '0.0' },
  }));
  return { gpus, driver: null, fault: null };
}
