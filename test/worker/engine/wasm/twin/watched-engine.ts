import type { LayersModel } from '@tensorflow/tfjs-layers';
import { rowLayout } from '#src/shared/model/layout.js';
import type { MicroBatch } from '#src/worker/engine/engine.js';
import { wasmEngine } from '#src/worker/engine/wasm/engine.js';
import { Executor } from '#src/worker/engine/wasm/executor.js';
import { instantiateKernels, loadKernels } from '#src/worker/engine/wasm/module.js';
import type { WasmProgram } from '#src/worker/engine/wasm/program.js';
import { openArena, requestOf, type BenchOptions } from '../harness.js';
import type { Decisions } from './decisions.js';
import { watchDecisions, type Tamper } from './watch-decisions.js';

export interface WatchedPass {
  /** A copy. */
  readonly row: Float32Array;
  readonly decisions: readonly Decisions[];
}

/**
 * The wasm engine's own executor and kernels, watched: what each forward kernel decides is read
 * from the arena as the kernel returns. `tamper` may change it there, for the engine as well.
 */
export async function watchedEngine(
  model: LayersModel,
  options: BenchOptions,
  tamper?: Tamper,
): Promise<(batch: MicroBatch) => WatchedPass> {
  const layout = rowLayout(model);
  const program = await wasmEngine.build(requestOf(model, layout, options));
  const { plan, seed, kernels } = program.payload as WasmProgram;
  const { regions, row, rowAt } = openArena(program, layout, options.weights);
  const { module } = await loadKernels(kernels.build);
  const decisions: Decisions[] = [];
  const watched = watchDecisions(
    instantiateKernels(module, regions.arena),
    regions.arena.buffer,
    (decision) => decisions.push(decision),
    (places) => tamper?.(places, decisions.length),
  );
  const { staged, imageBytes } = plan;
  const executor = new Executor(plan, { kernels: watched, regions, staged, imageBytes, seed });
  executor.prepare(0, 1);
  return (batch) => {
    decisions.length = 0;
    executor.gradients(batch, rowAt, () => undefined);
    return { row: row.slice(), decisions: [...decisions] };
  };
}
