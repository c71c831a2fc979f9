import { LockstepError } from '../../shared/errors.js';
import type { RowLayout } from '../../shared/numerics/row-layout.js';
import type { RowPlace } from './row-schedule.js';

/**
 * The memory that all compute threads of a worker share: one WebAssembly.Memory.
 *
 *   [ reserved | weights | their average | optimizer moments | sums of squares | engine, shared | thread 0: rows, engine | thread 1 … ]
 *
 * Weights and moments exist once; every row has a single writer. All regions start at multiples of
 * 64 bytes (a cache line), and rows of different threads lie pages apart.
 */
export interface ThreadRegion {
  /** Byte address of row slot 0; slot s begins `rowStride` · s bytes later. */
  readonly rows: number;
  readonly engine: number;
}

export interface ArenaPlan {
  /** float32 [layout.weightsLength]. */
  readonly weights: number;
  /** float32 [layout.weightsLength]: the moving average of the weights; 0: none is kept. */
  readonly average: number;
  /** float32 [layout.trainableLength] each; `second` of AMSGrad's maxima, 0 where there are none. */
  readonly moments: readonly number[];
  /** float64 [squareSums]: sums of squares by block; see blocks.ts. */
  readonly squareSums: number;
  readonly engineShared: number;
  readonly threads: readonly ThreadRegion[];
  readonly rowStride: number;
  readonly rowsPerThread: number;
  readonly totalBytes: number;
  /** What the sum is made of, largest first: for people. */
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
}

export interface ArenaRequest {
  readonly layout: RowLayout;
  /** Whether a moving average of the weights is kept; left out: no. */
  readonly average?: boolean;
  /** How many moment vectors the optimizer keeps. */
  readonly moments: number;
  /** How many float64 sums of squares the update needs; left out: none. */
  readonly squareSums?: number;
  readonly threads: number;
  readonly rowsPerThread: number;
  readonly engineSharedBytes: number;
  readonly engineThreadBytes: number;
}

export const PAGE_BYTES = 65536;
/** The most that a 32-bit WebAssembly memory can hold. */
export const ARENA_LIMIT_BYTES = 65536 * PAGE_BYTES;
/** Address 0 stays unused, so that 0 can mean "none" to a kernel. */
const RESERVED_BYTES = 1024;

const align = (bytes: number, unit: number): number => Math.ceil(bytes / unit) * unit;

/** Throws ARENA_TOO_LARGE, with the sum, where the parts exceed 4 GiB. */
export function planArena(request: ArenaRequest): ArenaPlan {
  const { layout, threads, rowsPerThread } = request;
  let next = RESERVED_BYTES;
  const take = (bytes: number, unit = 64): number => {
    const address = align(next, unit);
    next = address + align(bytes, 64);
    return address;
  };
  const rowStride = align(layout.rowLength * 4, 64) + 64;
  const weights = take(layout.weightsLength * 4);
  const averageBytes = request.average === true ? layout.weightsLength * 4 : 0;
  const average = averageBytes === 0 ? 0 : take(averageBytes);
  const moments = Array.from({ length: request.moments }, () => take(layout.trainableLength * 4));
  const squareSums = take((request.squareSums ?? 0) * 8);
  const engineShared = take(request.engineSharedBytes);
  const regions = Array.from({ length: threads }, () => ({
    rows: take(rowStride * rowsPerThread, 4096),
    engine: take(request.engineThreadBytes, 4096),
  }));
  const totalBytes = align(next, PAGE_BYTES);
  const parts = [
    { name: 'weights', bytes: layout.weightsLength * 4 },
    ...(averageBytes === 0 ? [] : [{ name: 'average of the weights', bytes: averageBytes }]),
    {
      name: `optimizer state (${request.moments} vectors)`,
      bytes: request.moments * layout.trainableLength * 4,
    },
    { name: 'sums of squares', bytes: (request.squareSums ?? 0) * 8 },
    { name: 'prepared weights', bytes: request.engineSharedBytes },
    {
      name: `rows (${threads} threads × ${rowsPerThread})`,
      bytes: threads * rowsPerThread * rowStride,
    },
    { name: `activations (${threads} threads)`, bytes: threads * request.engineThreadBytes },
  ].sort((a, b) => b.bytes - a.bytes);
  if (totalBytes > ARENA_LIMIT_BYTES) {
    throw new LockstepError(
      'ARENA_TOO_LARGE',
      `The run needs ${describeBytes(totalBytes)}: ${describeParts(parts)}; one worker's shared memory ends at 4 GiB.`,
      {
        hint: 'Take a smaller --micro-batch or fewer --threads, or a smaller model.',
      },
    );
  }
  return {
    weights,
    average,
    moments,
    squareSums,
    engineShared,
    threads: regions,
    rowStride,
    rowsPerThread,
    totalBytes,
    parts,
  };
}

export function allocateArena(plan: ArenaPlan): WebAssembly.Memory {
  const pages = plan.totalBytes / PAGE_BYTES;
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    throw new LockstepError(
      'ARENA_UNAVAILABLE',
      `This machine did not give the run its ${describeBytes(plan.totalBytes)} of shared memory: ${describeParts(plan.parts)}.`,
      {
        hint: 'Take a smaller --micro-batch or fewer --threads, or free memory.',
        cause,
      },
    );
  }
}

/** Byte address of a row slot of a thread. */
export function rowAddress(plan: ArenaPlan, { thread, slot }: RowPlace): number {
  return plan.threads[thread]!.rows + slot * plan.rowStride;
}

export function describeBytes(bytes: number): string {
  const mebibytes = bytes / 1048576;
  return mebibytes < 1024 ? `${mebibytes.toFixed(1)} MiB` : `${(mebibytes / 1024).toFixed(2)} GiB`;
}

function describeParts(parts: ArenaPlan['parts']): string {
  return parts.map((part) => `${part.name} ${describeBytes(part.bytes)}`).join(', ');
}
