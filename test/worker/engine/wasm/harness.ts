import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ImageShape } from '#src/shared/data/image-set.js';
import { rowLayout } from '#src/shared/model/layout.js';
import type { RowLayout, WeightSlot } from '#src/shared/numerics/row-layout.js';
import type {
  BuildRequest,
  BuiltProgram,
  ComputeEngine,
  Engine,
  EngineModule,
  EngineRegions,
  MicroBatch,
} from '#src/worker/engine/engine.js';

/** An engine loaded on an arena of its own, with weights and a row. */
export interface Bench {
  readonly engine: ComputeEngine;
  readonly layout: RowLayout;
  readonly weights: Float32Array;
  /** Runs a micro-batch of training after `prepare`; the row is a copy. */
  gradients(batch: MicroBatch): Promise<{ row: Float32Array; correct: number; marks: number[] }>;
  /** Whether a micro-batch that is added to a row gives the sum of the two, element by element. */
  added(batch: MicroBatch): Promise<{ isExact: boolean }>;
}

export interface BenchOptions {
  readonly microBatch?: number;
  readonly seed?: number;
  readonly labelSmoothing?: number;
  readonly fastMath?: boolean;
  readonly weights: Float32Array;
}

const ROW_FILL = 12345.678;

export async function bench(
  engine: Engine,
  model: LayersModel,
  options: BenchOptions,
): Promise<Bench> {
  const layout = rowLayout(model);
  const program = await engine.build(requestOf(model, layout, options));
  const { regions, weights: own, row, rowAt } = openArena(program, layout, options.weights);
  const module = (await import(engine.module)) as EngineModule;
  const loaded = await module.load(structuredClone(program), regions);
  for (let part = 0; part < 3; part++) await loaded.prepare(part, 3);
  return {
    engine: loaded,
    layout,
    weights: own,
    async gradients(batch) {
      row.fill(ROW_FILL);
      const marks: number[] = [];
      let head: Float32Array = new Float32Array(0);
      const correct = await loaded.gradients(batch, rowAt, (elements) => {
        // What was final must still be there, and what is final now must have been written.
        if (head.some((value, i) => !Object.is(value, row[i]))) marks.push(-1);
        head = row.slice(0, elements);
        marks.push(elements);
      });
      return { row: row.slice(), correct, marks };
    },
    async added(batch) {
      await loaded.gradients(batch, rowAt, () => undefined);
      const own = row.slice();
      const before = own.map((value, i) => value * ((i % 7) - 3) + 0.25);
      row.set(before);
      loaded.gradientsInto?.(batch, rowAt, () => undefined, { add: true, team: null });
      return { isExact: row.every((value, i) => value === Math.fround(before[i]! + own[i]!)) };
    },
  };
}

/** What to build for a model with these options. */
export function requestOf(
  model: LayersModel,
  layout: RowLayout,
  { microBatch = 8, seed = 7, labelSmoothing = 0, fastMath = false }: BenchOptions,
): BuildRequest {
  const image = imageOf(model);
  const classes = model.outputs[0]!.shape[1]!;
  return { model, layout, image, classes, microBatch, seed, labelSmoothing, fastMath };
}

export interface BenchArena {
  readonly regions: EngineRegions;
  /** Views of the arena. */
  readonly weights: Float32Array;
  readonly row: Float32Array;
  /** Byte address of the row. */
  readonly rowAt: number;
}

/** An arena for one thread: weights, a row, and the engine's regions. */
export function openArena(
  { memory }: BuiltProgram,
  layout: RowLayout,
  weights: Float32Array,
): BenchArena {
  const align = (bytes: number) => Math.ceil(bytes / 64) * 64;
  const weightsAt = 64;
  const rowAt = weightsAt + align(layout.weightsLength * 4);
  const sharedAt = rowAt + align(layout.rowLength * 4);
  const threadAt = sharedAt + align(memory.sharedBytes);
  const pages = Math.ceil((threadAt + memory.threadBytes) / 65536) + 1;
  const arena = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  // What memory holds at first must not matter, and nothing may be written outside the regions.
  new Float32Array(arena.buffer).fill(NaN);
  const own = new Float32Array(arena.buffer, weightsAt, layout.weightsLength);
  own.set(weights);
  return {
    regions: { arena, weights: weightsAt, shared: sharedAt, thread: threadAt, index: 0 },
    weights: own,
    row: new Float32Array(arena.buffer, rowAt, layout.rowLength),
    rowAt,
  };
}

export function imageOf(model: LayersModel): ImageShape {
  const [, height, width, channels] = model.inputs[0]!.shape as number[];
  return { height: height!, width: width!, channels: channels! };
}

/** Integers in [0, limit), the same for a seed. */
export function generator(seed: number): (limit: number) => number {
  let state = (seed * 2654435761) >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * limit);
  };
}

export function randomBatch(model: LayersModel, size: number, seed: number): MicroBatch {
  const random = generator(seed);
  const { height, width, channels } = imageOf(model);
  const classes = model.outputs[0]!.shape[1]!;
  return {
    step: 3,
    index: 1,
    count: 4,
    pixels: Uint8Array.from({ length: size * height * width * channels }, () => random(256)),
    labels: Uint16Array.from({ length: size }, () => random(classes)),
    samples: Uint32Array.from({ length: size }, () => random(60000)),
    size,
  };
}

/** Weights of the size that training has: kernels by fan-in, the rest around their usual values. */
export function randomWeights(layout: RowLayout, seed: number): Float32Array {
  const random = generator(seed + 1);
  const uniform = () => random(1 << 24) / (1 << 23) - 1;
  const weights = new Float32Array(layout.weightsLength);
  const slots: WeightSlot[] = [...layout.trainable, ...layout.moving, ...layout.frozen];
  for (const { label, shape, offset, length } of slots) {
    const role = label.split('/')[1]!;
    const fanIn = shape.slice(0, -1).reduce((product, size) => product * size, 1);
    for (let i = offset; i < offset + length; i++) {
      if (role === 'gamma' || role === 'movingVariance') weights[i] = 1 + 0.3 * uniform();
      else if (shape.length === 1) weights[i] = 0.3 * uniform();
      else if (role === 'depthwiseKernel') weights[i] = Math.sqrt(12 / fanIn) * uniform();
      else weights[i] = Math.sqrt(4 / fanIn) * uniform();
    }
  }
  return weights;
}

/**
 * Largest difference of each slot of two rows, over the greatest value of the slot. Gradients that
 * are zero but for rounding (a bias before batch norm) count by the greatest of the whole row.
 */
export function rowErrors(
  layout: RowLayout,
  row: Float32Array,
  expected: Float32Array,
): { readonly label: string; readonly error: number }[] {
  const greatest = (from: number, to: number) =>
    expected.slice(from, to).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const floor = greatest(0, layout.trainableLength) * 0.05;
  const slots = [...layout.trainable, ...layout.moving].map(({ label, offset, length }) => {
    let difference = 0;
    for (let i = offset; i < offset + length; i++) {
      const own = Math.abs(row[i]! - expected[i]!);
      difference = own <= difference ? difference : own; // NaN stays
    }
    const scale = Math.max(greatest(offset, offset + length), floor);
    return { label, error: difference === 0 ? 0 : difference / scale };
  });
  const loss = layout.lossOffset;
  return [...slots, { label: 'loss', error: Math.abs(row[loss]! / expected[loss]! - 1) }];
}
