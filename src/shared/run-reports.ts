import type { ArrayData } from './data/array-data.js';
import type { SetScores } from './evaluation/set-scores.js';

/** What the library's functions take and answer, besides a run's own records. */

/**
 * Which weights of a run: the last ones or those of its best evaluation, as they are evaluated (an
 * average of the weights, where the run keeps one); or the last ones as the optimizer has them.
 */
export const WEIGHT_CHOICES = ['last', 'best', 'raw'] as const;
export type WeightChoice = (typeof WEIGHT_CHOICES)[number];

/** How a trained run is used; what is left out is as in the run's configuration. */
export interface RunUseOptions {
  /** Folder of the data set, or a program's own arrays. */
  readonly data?: string | ArrayData;
  readonly threads?: number;
  /** Left out: those that the run ends with (the best where it was told restoreBest). */
  readonly weights?: WeightChoice;
  readonly notice?: (text: string) => void;
}

export type SetName = 'train' | 'validation' | 'test';

export interface EvaluateOptions extends RunUseOptions {
  /** `all`: every set that the run has. */
  readonly sets: readonly SetName[] | 'all';
  /** Also on test images that were changed: other backgrounds and sizes, shifts, noise. */
  readonly robustness?: boolean;
}

export interface EvaluationReport {
  readonly run: string;
  /** Optimizer steps of the weights evaluated, and their SHA-256. */
  readonly step: number;
  readonly weightsOf: WeightChoice;
  readonly weightsDigest: string;
  readonly engine: string;
  readonly sets: readonly SetEvaluation[];
  /** null where it was not asked for. */
  readonly robustness: readonly VariantEvaluation[] | null;
}

/** Scores are taken from the probabilities; loss and accuracy as the run's summary has them. */
export interface SetEvaluation extends SetScores {
  readonly set: SetName;
  readonly samples: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** The whole test set under one change; the first is `as they are`. */
export interface VariantEvaluation {
  readonly variant: string;
  readonly change: string;
  readonly samples: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** An image of the run's own data set, or of an IDX or CSV file. */
export type ImageReference =
  | { readonly kind: 'set'; readonly set: 'train' | 'test'; readonly index: number }
  | { readonly kind: 'file'; readonly path: string; readonly index: number };

export interface Prediction {
  /** The true class, where the data says. */
  readonly label: string | null;
  /** Every class, the likeliest first. */
  readonly classes: readonly { readonly name: string; readonly probability: number }[];
}

export interface EngineListing {
  readonly name: string;
  readonly available: boolean;
  /** What it is and runs on here, or why it cannot run. */
  readonly detail: string;
  /** What to do where it is not available. */
  readonly remedy: string | null;
  /**
   * GPUs, driver and CUDA, and what to do where they cannot be used; null: the engine computes on
   * processors alone, or the machine shows no sign of a GPU.
   */
  readonly gpus: { readonly detail: string; readonly remedy: string | null } | null;
}

export interface DryRunReport {
  readonly model: string;
  readonly parameters: number;
  readonly engine: string;
  readonly engineReason: string;
  /** Where the data was found. */
  readonly data: string;
  readonly trainSamples: number;
  /** 0: none are put aside. */
  readonly validationSamples: number;
  readonly testSamples: number;
  readonly threads: number;
  readonly batchSize: number;
  readonly microBatch: number;
  /** Whether teams of threads compute one micro-batch, where there are more threads than these. */
  readonly sharesMicroBatches: boolean;
  readonly stepsPerEpoch: number;
  readonly steps: number;
  readonly memory: readonly { readonly part: string; readonly bytes: number }[];
  /** Predicted; null where no step was timed. */
  readonly stepSeconds: number | null;
  readonly trainingSeconds: number | null;
}
