import { LockstepError } from '../../../shared/errors.js';
import type { EngineRefusal } from '../engine.js';
import { loadKernels, supportsRelaxedSimd } from './module.js';

export async function wasmAvailability(): Promise<{ readonly detail: string } | EngineRefusal> {
  try {
    const { sha256 } = await loadKernels('plain');
    const relaxed = (await supportsRelaxedSimd()) ? ', relaxed SIMD with --fast-math' : '';
    return { detail: `own training kernels, WebAssembly SIMD${relaxed} (${sha256.slice(0, 12)})` };
  } catch (error) {
    return asRefusal(error, ['KERNELS_MISSING', 'KERNELS_UNSUPPORTED']);
  }
}

export function asRefusal(error: unknown, codes: readonly string[]): EngineRefusal {
  if (!(error instanceof LockstepError) || !codes.includes(error.code)) throw error;
  return { reason: error.message, remedy: error.hint ?? 'Use another engine.' };
}
