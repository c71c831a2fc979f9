/** One thread of starts.ts. It imports little: its start is what is tried. */
import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import type { EngineModule } from '#src/worker/engine/engine.js';
import type { Built } from './engine-on-memory.js';

export interface Start extends Built {
  /** int32 [1]: threads that have come. */
  readonly gate: Int32Array;
  readonly threads: number;
}

const { gate, threads, module, program, regions, row, layout, batch } = workerData as Start;
const { load } = (await import(module)) as EngineModule;
Atomics.add(gate, 0, 1);
Atomics.notify(gate, 0);
const come = () => Atomics.load(gate, 0);
for (let now = come(); now < threads; now = come()) Atomics.wait(gate, 0, now, 5000);
const engine = await load(program, regions);
await engine.gradients(batch, row, () => undefined);
const made = new Float32Array(regions.arena.buffer, row, layout.rowLength).slice();
parentPort!.postMessage(createHash('sha256').update(made).digest('hex'));
