import type { Decisions } from '../controls/training-controls.js';
import type { Standing } from '../controls/standing.js';
import type { EvaluationKind } from './control.js';
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
  /** The run ends when this many steps are applied, unless its controls end it before. */
  readonly steps: number;
  /** Of step 0 … steps − 1. */
  step(step: number): StepPlan;
  /** Evaluations due after `applied` steps; empty: none. */
  evaluation(applied: number, which: EvaluationKind): readonly EvaluationPlan[];
  /** float32 bits as uint32. `standing`: after the evaluation of the state that the step leaves. */
  learningRateBits(step: number, standing: Standing | null): number;
  /** Decisions that hang on evaluations; null: there are none, and no standing. */
  readonly controls: Decisions | null;
  /** Whether the run ends with its best weights instead of the last. */
  readonly endsWithBest: boolean;
}
