/**
 * Whether a thread's float arithmetic is that of IEEE 754. A native add-on built with -ffast-math
 * sets flush-to-zero for the thread that loads it, and WebAssembly's arithmetic there with it.
 */

/** Bits of the kernel `floatEnvironment`; see src/worker/engine/wasm/assembly/probe.ts. */
export const FLOAT_ENVIRONMENT = {
  denormalResults: 1,
  denormalOperands: 2,
  roundsToNearest: 4,
  keepsNegativeZero: 8,
  fusesMultiplyAdd: 16,
} as const;

export interface FloatProbe {
  readonly [kernel: string]: (...args: number[]) => number;
}

/**
 * What is wrong with this thread's arithmetic, in words; null where nothing is. Takes under a
 * microsecond. `mayFuse`: the kernels may fuse multiply and add (fast maths), which is a fault
 * otherwise.
 */
export function floatEnvironmentFault(kernels: FloatProbe, mayFuse: boolean): string | null {
  return faultOf(kernels['floatEnvironment']!(1), mayFuse);
}

/** The same of the probe's answer. */
export function faultOf(bits: number, mayFuse: boolean): string | null {
  const has = (bit: number): boolean => (bits & bit) !== 0;
  if (!has(FLOAT_ENVIRONMENT.denormalResults) || !has(FLOAT_ENVIRONMENT.denormalOperands)) {
    return (
      'numbers below 2^-126 become 0 (flush-to-zero is set in this thread, as native add-ons ' +
      'built with -ffast-math do when they are loaded)'
    );
  }
  if (!has(FLOAT_ENVIRONMENT.roundsToNearest)) {
    return 'results are not rounded to the nearest number (the rounding mode of this thread was set)';
  }
  if (!has(FLOAT_ENVIRONMENT.keepsNegativeZero)) return 'the sign of -0 is lost';
  if (has(FLOAT_ENVIRONMENT.fusesMultiplyAdd) && !mayFuse) {
    return 'multiply and add round once instead of twice, which only fast maths allows';
  }
  return null;
}
