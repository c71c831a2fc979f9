import { rowAddress } from '../arena.js';
import { THREAD } from '../control.js';
import { sliceOf } from '../slice.js';
import type { PhaseBody } from '../thread-state.js';
import type { RowPlace } from '../row-schedule.js';
import { reduction } from './reduction.js';

/** Elements that are done with while they are in the first cache. */
const PIECE = 4096;

/**
 * Adds what the threads hold into the root of the tree, each thread a slice of the elements; looks
 * for an element that is not finite, and takes the slice's part of the digest. Piece by piece, so
 * that memory is read once.
 */
export const combine: PhaseBody = ({ start, control, kernels, say, progress }) => {
  const slice = sliceOf(start.layout.rowLength, start.thread, start.threads);
  const { additions, root } = reduction(control, start.threads);
  let bad = -1;
  let digest = 0n;
  for (let first = slice.first; first < slice.end; first += PIECE) {
    const length = Math.min(PIECE, slice.end - first);
    const address = (place: RowPlace): number => rowAddress(start.arenaPlan, place) + first * 4;
    for (const { into, from } of additions) {
      kernels['addRows']!(address(into), address(from), length);
    }
    if (bad < 0) {
      const found = kernels['firstNonFinite']!(address(root), length);
      if (found >= 0) bad = first + found;
    }
    digest += digestSlice(kernels, address(root), length, first);
    progress();
  }
  say(THREAD.nonFinite, bad);
  say(THREAD.digestLow, Number(BigInt.asIntN(32, digest)));
  say(THREAD.digestHigh, Number(BigInt.asIntN(32, digest >> 32n)));
  return true;
};

/** The one kernel that returns an int64, which WebAssembly hands over as a bigint. */
function digestSlice(
  kernels: Readonly<Record<string, (...args: number[]) => number>>,
  address: number,
  length: number,
  first: number,
): bigint {
  return kernels['digestSlice']!(address, length, first) as unknown as bigint;
}
