import { LockstepError } from '../../../shared/errors.js';
import type { BuiltProgram, ComputeEngine, EngineRegions } from '../engine.js';
import { Executor } from './executor.js';
import { instantiateKernels, loadKernels } from './module.js';
import type { WasmProgram } from './program.js';

/** The wasm engine's side in a compute thread, or in a browser: needs nothing of TensorFlow.js. */
export async function load(program: BuiltProgram, regions: EngineRegions): Promise<ComputeEngine> {
  const { plan, seed, kernels } = program.payload as WasmProgram;
  // The engine shares the compiled code of equal modules among the threads of a process.
  const { module, sha256 } = await loadKernels(kernels.build);
  if (sha256 !== kernels.sha256) {
    throw new LockstepError(
      'KERNELS_CHANGED',
      `The ${kernels.build} kernels here have SHA-256 ${sha256}; the program was built for ${kernels.sha256}.`,
      { hint: 'Use the same version of Lockstep everywhere, and do not rebuild during a run.' },
    );
  }
  return new Executor(plan, {
    kernels: instantiateKernels(module, regions.arena),
    regions,
    staged: plan.staged,
    imageBytes: plan.imageBytes,
    seed,
  });
}
