import { rowAddress } from '../arena.js';
import { THREAD } from '../control.js';
import { sliceOf } from '../slice.js';
import type { PhaseBody, ThreadState } from '../thread-state.js';
import type { RowPlace, RowReduction } from '../row-schedule.js';
import type { FinalSegment } from '../segment-board.js';
import { reduction } from './reduction.js';

/** Elements that are done with while they are in the first cache. */
const PIECE = 4096;

/**
 * Adds what the threads hold into the root of the tree, each thread a slice of the elements; looks
 * for an element that is not finite, and takes the slice's part of the digest.
 */
export const combine: PhaseBody = (thread) => {
  const { start, control, say } = thread;
  const slice = sliceOf(start.layout.rowLength, start.thread, start.threads);
  const sum = reduction(control, start.threads);
  const { digest, nonFinite } = combineRange(thread, sum, slice);
  say(THREAD.nonFinite, nonFinite);
  say(THREAD.digestLow, Number(BigInt.asIntN(32, digest)));
  say(THREAD.digestHigh, Number(BigInt.asIntN(32, digest >> 32n)));
  return true;
};

/** The same for elements [first, end) of the rows. Piece by piece, so that memory is read once. */
export function combineRange(
  { start, kernels, progress }: ThreadState,
  { additions, root }: RowReduction,
  range: { readonly first: number; readonly end: number },
): FinalSegment {
  let nonFinite = -1;
  let digest = 0n;
  for (let first = range.first; first < range.end; first += PIECE) {
    const length = Math.min(PIECE, range.end - first);
    const address = (place: RowPlace): number => rowAddress(start.arenaPlan, place) + first * 4;
    for (const { into, from } of additions) {
      kernels['addRows']!(address(into), address(from), length);
    }
    if (nonFinite < 0) {
      const found = kernels['firstNonFinite']!(address(root), length);
      if (found >= 0) nonFinite = first + found;
    }
    digest += digestSlice(kernels, address(root), length, first);
    progress();
  }
  return { digest: BigInt.asUintN(64, digest), nonFinite };
}

/** The one kernel that returns an int64, which WebAssembly hands over as a bigint. */
function digestSlice(
  kernels: Readonly<Record<string, (...args: number[]) => number>>,
  address: number,
  length: number,
  first: number,
): bigint {
  return kernels['digestSlice']!(address, length, first) as unknown as bigint;
}
