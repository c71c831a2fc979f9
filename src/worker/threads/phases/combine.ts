import { rowAddress } from '../arena.js';
import { THREAD } from '../control.js';
import { sliceOf } from '../slice.js';
import type { PhaseBody } from '../thread-state.js';
import { reduction } from './reduction.js';

/**
 * Adds what the threads hold into the root of the tree, each thread a slice of the elements; then
 * looks for an element that is not finite, and takes the slice's part of the digest.
 */
export const combine: PhaseBody = ({ start, control, kernels, say, progress }) => {
  const { first, end } = sliceOf(start.layout.rowLength, start.thread, start.threads);
  const length = end - first;
  const { additions, root } = reduction(control, start.threads);
  const address = ({ thread, slot }: { thread: number; slot: number }): number =>
    rowAddress(start.arenaPlan, thread, slot) + first * 4;
  for (const { into, from } of additions) {
    kernels['addRows']!(address(into), address(from), length);
    progress();
  }
  const bad = length > 0 ? kernels['firstNonFinite']!(address(root), length) : -1;
  say(THREAD.nonFinite, bad < 0 ? -1 : first + bad);
  const digest = length > 0 ? digestSlice(kernels, address(root), length, first) : 0n;
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
