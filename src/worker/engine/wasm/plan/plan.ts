/**
 * A compiled model: kernel calls over planned memory, as plain data. It is cloned to every compute
 * thread, and its digest is part of the run's identity.
 */

/** An argument of a kernel: a constant, or what it stands for when the call is made. */
export type Operand =
  | number
  /** Samples in the micro-batch at hand. */
  | readonly ['batch']
  /** Byte address of an element of the weights, or of the row being written. */
  | readonly ['weight', element: number]
  | readonly ['row', element: number]
  /** Byte address in the engine's shared region. */
  | readonly ['shared', offset: number]
  /**
   * Byte address in the region of the thread whose micro-batch it is; where a call does a range of
   * samples, that of its first one, `stride` bytes a sample.
   */
  | readonly ['thread', offset: number, stride: number]
  /** Byte address in the region of the thread that makes the call: scratch. */
  | readonly ['own', offset: number]
  /** Byte addresses of the staged micro-batch: uint8 pixels, uint16 labels, uint32 samples. */
  | readonly ['pixels']
  | readonly ['labels']
  | readonly ['samples']
  /** Optimizer step, and the two words of the seed's key. */
  | readonly ['step']
  | readonly ['seedLow']
  | readonly ['seedHigh']
  /** float32 (1 − ρ)·ρ^(k−1−i), the weight of micro-batch i of k in the moving statistics. */
  | readonly ['momentumTerm', momentum: number]
  /** Which slice of a call's outputs to make. */
  | readonly ['part']
  | readonly ['parts']
  /** 1 to add to what the row holds, 0 to store. */
  | readonly ['add'];

/**
 * How the threads of a team share a call. None splits a sum, so that the bits are the same for any
 * number of threads.
 *
 *   samples   each does a range of the samples: the kernel sees addresses and the size of its range
 *   parts     each does a range of the outputs: the kernel takes ['part'] and ['parts']
 *   alone     the leader does it
 *   each      everyone does it, into memory of his own
 */
export type Split = 'samples' | 'parts' | 'alone' | 'each';

export interface PlannedCall {
  readonly kernel: string;
  readonly args: readonly Operand[];
  readonly split: Split;
  /** Index among the graph's nodes, for profiles; none for decoding and the loss. */
  readonly node?: number;
}

export interface BackwardStage {
  readonly calls: readonly PlannedCall[];
  /** Elements of the row that are final when these calls are done. */
  readonly watermark: number;
}

export interface Plan {
  readonly prepare: readonly PlannedCall[];
  /** Training forward, from staged pixels to the loss and the gradient of the logits. */
  readonly forward: readonly PlannedCall[];
  readonly backward: readonly BackwardStage[];
  /** Inference, from staged pixels to logits. */
  readonly inference: readonly PlannedCall[];
  /** After `inference`: the sum of the losses and the correct count. */
  readonly evaluation: readonly PlannedCall[];
  /** After `inference`: probabilities, float32 [batch][classes], to `probabilities`. */
  readonly prediction: readonly PlannedCall[];
  readonly probabilities: number;
  /** Where the executor stages a micro-batch in the thread's region, and finds what came out. */
  readonly staged: StagedBatch;
  /** Bytes of an image. */
  readonly imageBytes: number;
  readonly classes: number;
  /** Smallest (2 where batch norm would get a single value per channel) and largest micro-batch. */
  readonly batchMin: number;
  readonly batchMax: number;
  readonly memory: PlanMemory;
  /** Left out where there is none. */
  readonly frozen?: FrozenPlan;
}

/** What frozen layers before all others compute of a sample, and may be kept. */
export interface FrozenPlan {
  /** How many of the graph's nodes, from the first on. */
  readonly nodes: number;
  /** How many of the calls of each list, from the first on, make it. */
  readonly calls: {
    readonly prepare: number;
    readonly forward: number;
    readonly inference: number;
  };
  /** Where it stands in the thread's region in training and in inference: samples one after another. */
  readonly training: number;
  readonly inferring: number;
  /** Bytes of a sample. */
  readonly sampleBytes: number;
}

/** Byte offsets in the thread's region. */
export interface StagedBatch {
  readonly pixels: number;
  readonly labels: number;
  readonly samples: number;
  /** Sum of the losses of an evaluation, float32. */
  readonly loss: number;
  /** Samples classified rightly, in training or evaluation, int32. */
  readonly correct: number;
  /** int32 1 where a leader has what frozen layers compute already, for its team. */
  readonly known: number;
}

/** Bytes. */
export interface PlanMemory {
  readonly sharedBytes: number;
  readonly threadBytes: number;
  /** What a thread's region holds at the moment of training that needs most. */
  readonly parts: {
    readonly staged: number;
    readonly activations: number;
    readonly gradients: number;
    readonly saved: number;
    readonly scratch: number;
  };
}
