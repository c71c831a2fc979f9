import type { Lineage } from './names.js';

/** Exactly-once sums that travel beside a row, as integers: they add without rounding. */
export interface Tally {
  readonly samples: number;
  /** Samples classified rightly. */
  readonly correct: number;
  /** Sum mod 2^64 of hashes of (epoch, sample index, label), made where pixels are read. */
  readonly hash: bigint;
}

export const EMPTY_TALLY: Tally = Object.freeze({ samples: 0, correct: 0, hash: 0n });

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    samples: a.samples + b.samples,
    correct: a.correct + b.correct,
    hash: BigInt.asUintN(64, a.hash + b.hash),
  };
}

/**
 * What is evaluated of a state: what is due there (`regular`); at the end what else the summary
 * tells (`rest`), or all of it of the best weights, where the run ends with those (`best`).
 */
export const EVALUATION_KINDS = ['regular', 'rest', 'best'] as const;
export type EvaluationKind = (typeof EVALUATION_KINDS)[number];

/** Sums over one evaluation set, added by micro-batch index in float64. */
export interface EvaluationSum {
  readonly set: string;
  readonly samples: number;
  /** Sum of the samples' losses. */
  readonly lossSum: number;
  readonly correct: number;
}

/** Means over the samples of a set; null where it was not evaluated. */
export function meansOf(
  sums: readonly EvaluationSum[],
  name: string,
): { readonly loss: number; readonly accuracy: number } | null {
  const found = sums.find(({ set }) => set === name);
  if (found === undefined) return null;
  return { loss: found.lossSum / found.samples, accuracy: found.correct / found.samples };
}

/** What enters the weights at one step and is not computed from the samples. */
export interface Control {
  readonly step: number;
  /** The learning rate, float32 bits as uint32. */
  readonly learningRateBits: number;
  /** Results of the evaluation made before this step, empty where none was due. */
  readonly evaluation: readonly EvaluationSum[];
}

/** What a step left behind: one line of the metrics, and one link of the lineage chain. */
export interface StepRecord {
  readonly step: number;
  /** Lineage of the weights that the step read, and of those that it wrote. */
  readonly before: Lineage;
  readonly after: Lineage;
  readonly control: Control;
  /** Of the reduced gradient G(step). */
  readonly digest: string;
  /** Sum of the samples' losses, float32 bits as uint32. */
  readonly lossBits: number;
  readonly tally: Tally;
}
