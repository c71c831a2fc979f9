import type { KernelBuild } from './module.js';
import type { Plan } from './plan/plan.js';

/** The payload of a program that the wasm engine has built: plain data. */
export interface WasmProgram {
  readonly plan: Plan;
  readonly seed: number;
  readonly kernels: { readonly build: KernelBuild; readonly sha256: string };
}
