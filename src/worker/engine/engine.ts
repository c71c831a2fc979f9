import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { GpuWish } from '../../shared/config/gpus.js';
import type { ImageShape } from '../../shared/data/image-set.js';
import type { RowLayout } from '../../shared/numerics/row-layout.js';

/**
 * The seam between Lockstep and whatever computes gradients.
 *
 * Order: `Engine.build` once, in the worker's main thread; its result is cloned to every compute
 * thread, where `EngineModule.load` turns it into a `ComputeEngine`; then, for each step,
 * `prepare` by all threads, a barrier, and any number of `gradients` (or `evaluate`, `predict`).
 * Where a step has fewer micro-batches than there are threads, those of a team compute one together,
 * if the engine shares micro-batches: all call `gradientsInto` at once.
 *
 * Ownership: the arena belongs to the worker. An engine reads the weights there, writes the row it
 * is given and its own regions (in a team, the leader's), and nothing else; it keeps no reference to a batch's arrays after
 * it has returned. Calls may return promises (an engine on a GPU in another process); one call at
 * a time is under way in a thread. The worker bounds every call's time from outside.
 */

/** One micro-batch as an engine sees it. */
export interface MicroBatch {
  /** Optimizer step, from 0: part of the key of random draws. */
  readonly step: number;
  /** Index i of the micro-batch among the k of its step; both weigh the batch-norm terms. */
  readonly index: number;
  readonly count: number;
  /** uint8 [size, height, width, channels]. */
  readonly pixels: Uint8Array;
  /** uint16 [size]. */
  readonly labels: Uint16Array;
  /** uint32 [size]: each sample's index in the set, part of the key of random draws. */
  readonly samples: Uint32Array;
  readonly size: number;
  /**
   * What frozen layers compute of the set's samples, as far as it is known; an engine that has such
   * layers reads it, and adds to it. Left out or null: nothing is kept.
   */
  readonly kept?: KeptFeatures | null;
}

/** What a model's frozen first layers compute of each sample of a set: shared by all threads. */
export interface KeptFeatures {
  /** [samples × bytes of a sample], as the engine has it in memory; over a SharedArrayBuffer. */
  readonly values: Uint8Array;
  /** [samples]: 1 where the sample's are there. */
  readonly known: Uint8Array;
}

export interface BuildRequest {
  readonly model: LayersModel;
  readonly layout: RowLayout;
  readonly image: ImageShape;
  readonly classes: number;
  /** Largest micro-batch that will be asked for. */
  readonly microBatch: number;
  /** Integer in [0, 2^53). */
  readonly seed: number;
  /** ε of smoothed labels in training, in [0, 1). Evaluations do not smooth. */
  readonly labelSmoothing: number;
  /** Arithmetic that may differ between processors, for speed. */
  readonly fastMath: boolean;
  /** URL of the user's module that made the model, and may define its layers; null: none did. */
  readonly modelModule?: string | null;
  /** GPUs to compute on, for an engine that can; left out: nobody has said. */
  readonly gpus?: GpuWish;
}

/** What an engine makes of a model: plain data that can be cloned to any thread or process. */
export interface BuiltProgram {
  readonly engine: string;
  /** The engine's own; opaque to everybody else. */
  readonly payload: unknown;
  /** SHA-256, hex, of all that decides the bits: part of the run's identity. */
  readonly digest: string;
  /** Bytes that the engine needs in the arena: once, and for every thread. */
  readonly memory: { readonly sharedBytes: number; readonly threadBytes: number };
  /**
   * Where frozen layers stand before all others: bytes of what they compute of a sample, and the
   * digest, hex, of all that decides it but for weights and images. Left out: nothing can be kept.
   */
  readonly frozen?: { readonly sampleBytes: number; readonly digest: string };
  /** Sentences that a user should read before the run: what it does otherwise than expected. */
  readonly notices?: readonly string[];
  /** Compute threads, where the user has not said how many: one for each GPU. */
  readonly threads?: number;
  /** The kind of hardware that its bits belong to, beside the digest: such as that of its GPUs. */
  readonly hardware?: string;
}

/** Byte addresses (multiples of 64) in the worker's arena. */
export interface EngineRegions {
  readonly arena: WebAssembly.Memory;
  /** float32 [layout.weightsLength]. */
  readonly weights: number;
  readonly shared: number;
  readonly thread: number;
  /** Which of the worker's compute threads it is, from 0. */
  readonly index: number;
}

/** The first `elements` of a row are final, and `correct` samples were classified rightly. */
export type Watermark = (elements: number, correct: number) => void;

export interface ComputeEngine {
  /**
   * Derives from the weights what all micro-batches of a step share (transformed kernels …).
   * Does part `part` of `parts`; all threads pass a barrier before the first micro-batch.
   */
  prepare(part: number, parts: number): void | Promise<void>;
  /**
   * Forward and backward of a micro-batch in training mode. Writes every element of the row at
   * byte address `row`: sums over samples of the gradients, batch-norm terms
   * (1−ρ)·ρ^(k−1−i)·statistic, and the sum of the losses. Calls `watermark` as the row
   * becomes final: at least once, at the end, with layout.rowLength; the number never falls.
   * Returns how many samples were classified rightly (argmax; the first of equals).
   */
  gradients(batch: MicroBatch, row: number, watermark: Watermark): number | Promise<number>;
  /**
   * As `gradients`, where an engine can do more: add to what the row holds, each element in one
   * operation, instead of storing; compute one micro-batch in several threads, whose engines are
   * all called at once. All of a team get the same `batch`, but for pixels, labels and samples,
   * which only the leader needs to have. The bits do not depend on the size of the team. Returns
   * what `gradients` returns, to the leader; to all −1 where the team was given up.
   */
  gradientsInto?(
    batch: MicroBatch,
    row: number,
    watermark: Watermark,
    how: { readonly add: boolean; readonly team: Team | null },
  ): number;
  /** Inference mode: the sum of the losses, as float32, and the samples classified rightly. */
  evaluate(batch: MicroBatch): Evaluation | Promise<Evaluation>;
  /** Inference mode: class probabilities, float32 [size, classes], into `out`. */
  predict(batch: MicroBatch, out: Float32Array): void | Promise<void>;
}

/** Threads that compute one micro-batch together, as one of them sees it. */
export interface Team {
  /** Place among the `size` threads of the team; the one at 0 is the leader. */
  readonly place: number;
  readonly size: number;
  /** Byte address of the leader's engine region. */
  readonly region: number;
  /** Returns when all have called it; false where the team is given up. */
  meet(): boolean;
}

export interface Evaluation {
  readonly lossSum: number;
  readonly correct: number;
}

/** What an engine is and runs on here. */
export interface EngineStatus {
  readonly detail: string;
  /** What it has of GPUs, and what would mend that; left out: the machine shows no sign of one. */
  readonly gpus?: { readonly detail: string; readonly remedy: string | null } | undefined;
}

/** GPUs that an engine can compute on here, for people; or why it cannot. */
export type GpuStatus =
  | { readonly detail: string }
  /** `isThere`: the machine has GPUs, and something can be done about it. */
  | (EngineRefusal & { readonly isThere: boolean });

/** Why an engine cannot be used here or for this model, and what would mend it. */
export interface EngineRefusal {
  readonly reason: string;
  readonly remedy: string;
}

export interface Engine {
  readonly name: string;
  /** URL of its EngineModule, which every compute thread loads. */
  readonly module: string;
  /** A micro-batch that takes longer is taken for stuck, unless the user says otherwise. */
  readonly patienceSeconds: number;
  /** Whether its compute engines have `gradientsInto`, so that teams compute one micro-batch. */
  readonly sharesMicroBatches: boolean;
  /** What this engine is and runs on here, in one line; or why it cannot run here. */
  availability(): Promise<EngineStatus | EngineRefusal>;
  /** Left out: it computes on processors alone. */
  gpus?(wish: Exclude<GpuWish, 'none'>, fastMath: boolean): Promise<GpuStatus>;
  /** null where the engine covers the model, else which layer it lacks. */
  refuses(model: LayersModel): EngineRefusal | null;
  build(request: BuildRequest): Promise<BuiltProgram>;
}

/** What the module for an engine's compute-thread side exports. */
export interface EngineModule {
  load(program: BuiltProgram, regions: EngineRegions): Promise<ComputeEngine>;
}
