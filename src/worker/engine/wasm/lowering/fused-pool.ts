import type { BufferRef, Conv2dNode, KernelCall, LoweringContext } from '../plan/lowering.js';
import { blocksOf, pixelsOf } from './vectors.js';

/** The max pool behind a convolution, as its kernels take it: assembly/pool-window.ts. */
export interface FusedPool {
  /** Before the convolution's kernel, in each phase. */
  readonly describe: readonly KernelCall[];
  /** A PoolWindow, the places of the maxima, and scratch for a block of the map; zeros for none. */
  readonly operands: readonly (BufferRef | 0)[];
}

export function lowerFusedPool(node: Conv2dNode, context: LoweringContext): FusedPool {
  if (node.pool === null) return { describe: [], operands: [0, 0, 0] };
  const { map, window } = node.pool;
  const { shape } = context.output;
  const pool = context.scratch(64);
  const places = context.saved(context.batchMax * blocksOf(shape) * pixelsOf(shape) * 4);
  const scratch = context.scratch(pixelsOf(map) * 16);
  return {
    describe: [
      {
        kernel: 'describePool',
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
