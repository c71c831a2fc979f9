import type { EvaluationSum } from './control.js';
import type { EvaluationPlan } from './messages.js';

/** The samples of one step, and the proof that each of them counted exactly once. */
export interface StepPlan {
  /** k of the step. */
  readonly microBatches: number;
  readonly samples: number;
  /** Sum mod 2^64 of the samples' hashes; see Tally. */
  readonly hash: bigint;
}

/**
 * The run as both machines know it beforehand: pure functions of the configuration, asked often
 * (memoise what is dear), with the same answers in every process.
 */
export interface Schedule {
  /** The run ends when this many steps are applied. */
  readonly steps: number;
  /** Of step 0 … steps − 1. */
  step(step: number): StepPlan;
  /** Evaluations due after `applied` steps; empty: none. */
  evaluation(applied: number): readonly EvaluationPlan[];
  /** float32 bits as uint32. `evaluations`: those made so far in the run that are known here. */
  learningRateBits(step: number, evaluation: readonly EvaluationSum[]): number;
}
