import type { Augmentation } from '../../shared/augmentation/augmentation.js';
import type { SampleSet } from '../../shared/data/stored-set.js';
import type { OptimizerSettings } from '../../shared/numerics/optimizer-settings.js';
import type { RowLayout } from '../../shared/numerics/row-layout.js';
import type { BuiltProgram, KeptFeatures } from '../engine/engine.js';
import type { ReadAheadMemory } from '../samples/read-ahead-memory.js';
import type { ArenaPlan } from './arena.js';

/** What a compute thread is given when it starts: plain data and shared memory. */
export interface ThreadStart {
  /** Index among the worker's threads. */
  readonly thread: number;
  readonly threads: number;
  /** Sequence number of the phase last given; the thread answers it when it is ready. */
  readonly sequence: number;
  /** See control.ts. */
  readonly control: SharedArrayBuffer;
  /** See segment-board.ts; null: rows do not travel. */
  readonly board: SharedArrayBuffer | null;
  readonly arena: WebAssembly.Memory;
  readonly arenaPlan: ArenaPlan;
  readonly layout: RowLayout;
  readonly optimizer: OptimizerSettings;
  readonly program: BuiltProgram;
  /** URL of the engine's EngineModule. */
  readonly engineModule: string;
  /** The kernels that add rows and take optimizer steps, compiled once for all threads. */
  readonly kernels: WebAssembly.Module;
  readonly sets: readonly SampleSet[];
  /**
   * For each set, what frozen layers compute of its samples; null: that is not kept, as of a set that
   * augmentation changes.
   */
  readonly kept: readonly (KeptFeatures | null)[];
  /** Where images of stored sets are read ahead to; null: all sets are in memory. */
  readonly readAhead?: ReadAheadMemory | null;
  /** How samples of set 0 are changed in training; null: not at all. */
  readonly augmentation: Augmentation | null;
  readonly seed: number;
  /** uint32 [samples of set 0] twice: the order of the epoch at hand, and of the next. */
  readonly orders: readonly [Uint32Array, Uint32Array];
  /** Largest micro-batch. */
  readonly microBatch: number;
  /** Where evaluate and predict put their results; see phases/evaluate.ts. */
  readonly evaluation: EvaluationBuffers;
  /** Whether the kernels may fuse multiply and add here: only with fast maths. */
  readonly fusesMultiplyAdd: boolean;
  /** URL of a module whose `beforeMicroBatch(place)` runs before every micro-batch; or null. */
  readonly hook: string | null;
}

export interface EvaluationBuffers {
  /** float32 [micro-batches of the largest set]: the sum of losses of each. */
  readonly losses: Float32Array;
  /** int32 [the same]: samples classified rightly. */
  readonly correct: Int32Array;
  /** float32 [samples of the largest set, classes], or empty where nothing is to be predicted. */
  readonly probabilities: Float32Array;
}

export interface ThreadHook {
  beforeMicroBatch(place: {
    readonly thread: number;
    readonly phase: 'compute' | 'evaluate' | 'predict';
    readonly step: number;
    readonly microBatch: number;
  }): void | Promise<void>;
}
