/** An engine's compute side on memory of its own, without threads, data and run around it. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ImageShape } from '#src/shared/data/image-set.js';
import { initialWeights } from '#src/shared/model/initial-weights.js';
import { rowLayout } from '#src/shared/model/layout.js';
import type { RowLayout } from '#src/shared/numerics/row-layout.js';
import type {
  BuiltProgram,
  ComputeEngine,
  Engine,
  EngineModule,
  EngineRegions,
  MicroBatch,
} from '#src/worker/engine/engine.js';
import { tensorflowEngine } from '#src/worker/engine/tensorflow/engine.js';

export interface Built {
  readonly module: string;
  readonly program: BuiltProgram;
  readonly layout: RowLayout;
  /** Weights as they were drawn. */
  readonly regions: EngineRegions;
  /** Byte address of the row. */
  readonly row: number;
  readonly batch: MicroBatch;
}

/** `size`: samples of the one micro-batch. */
export async function buildEngine(
  model: LayersModel,
  image: ImageShape,
  size: number,
  engine: Engine = tensorflowEngine,
): Promise<Built> {
  const layout = rowLayout(model);
  const program = await engine.build({
    ...{ model, layout, image, classes: 10, microBatch: size, seed: 1 },
    ...{ labelSmoothing: 0, fastMath: false },
  });
  let end = 0;
  const place = (bytes: number) => {
    const address = end;
    end += 64 * Math.ceil((bytes + 64) / 64);
    return address;
  };
  const weights = place(4 * layout.weightsLength);
  const row = place(4 * layout.rowLength);
  const shared = place(program.memory.sharedBytes);
  const thread = place(program.memory.threadBytes);
  const pages = Math.ceil(end / 65536);
  const arena = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  new Float32Array(arena.buffer, weights, layout.weightsLength).set(
    initialWeights(model, layout, 1, 'seeded'),
  );
  const pixels = size * image.height * image.width * image.channels;
  const batch: MicroBatch = {
    ...{ step: 0, index: 0, count: 1, size },
    pixels: Uint8Array.from({ length: pixels }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24),
    labels: Uint16Array.from({ length: size }, (_, i) => i % 10),
    samples: Uint32Array.from({ length: size }, (_, i) => i),
  };
  const regions = { arena, weights, shared, thread, index: 0 };
  return { module: engine.module, program, layout, regions, row, batch };
}

/** What a compute thread does with it; `step` writes the row. */
export async function loadEngine({ module, program, regions, row, batch }: Built): Promise<{
  readonly engine: ComputeEngine;
  readonly step: () => Promise<void>;
}> {
  const { load } = (await import(module)) as EngineModule;
  const engine = await load(program, regions);
  const step = async () => {
    await engine.prepare(0, 1);
    await engine.gradients(batch, row, () => undefined);
  };
  return { engine, step };
}
