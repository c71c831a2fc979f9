import type {
  BufferRef,
  FusedPoolWindow,
  KernelCall,
  LoweringContext,
  Window,
} from '../plan/lowering.js';
import { blocksOf, pixelsOf } from './vectors.js';

/** Most pixels of a window whose places fit a byte, beside the one that means nowhere. */
const WINDOW_MAX = 255;

/** Whether the places of the window's maxima can be kept. */
export function keepsPlaces({ kernel, dilation }: Window): boolean {
  return kernel[0] * kernel[1] <= WINDOW_MAX && dilation.every((rate) => rate === 1);
}

/** The max pool that a kernel does besides, as it takes it: assembly/pool-window.ts. */
export interface FusedPool {
  /** Before that kernel, in each phase. */
  readonly describe: readonly KernelCall[];
  /** A PoolWindow, the places of the maxima, and scratch for a block of maps; zeros for none. */
  readonly operands: readonly (BufferRef | 0)[];
}

/** `maps`: how many maps the kernel has in scratch at a time. */
export function lowerFusedPool(
  fused: FusedPoolWindow | null,
  context: LoweringContext,
  maps = 1,
): FusedPool {
  if (fused === null) return { describe: [], operands: [0, 0, 0] };
  const { map, window } = fused;
  const { shape } = context.output;
  const pool = context.scratch(64);
  const places = context.savedSamples(blocksOf(shape) * pixelsOf(shape) * 4);
  const scratch = context.scratch(maps * pixelsOf(map) * 16);
  return {
    describe: [
      {
        kernel: 'describePool',
        split: 'each',
        args: [
          pool,
          map.height,
          map.width,
          shape.height,
          shape.width,
          ...window.kernel,
          ...window.strides,
          ...window.pad,
        ],
      },
    ],
    operands: [pool, places, scratch],
  };
}
