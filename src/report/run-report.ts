import type { ImageShape } from '../shared/data/image-set.js';
import type { RunSummary } from '../shared/run-events.js';
import type { SetEvaluation, WeightChoice } from '../shared/run-reports.js';

/** One image with what was said of it. */
export interface ShownImage {
  /** uint8 [height, width, channels]. */
  readonly pixels: Uint8Array;
  readonly index: number;
  readonly truth: string;
  readonly predicted: string;
  readonly confidence: number;
}

/** What one layer makes of an image: float32 [height, width, channels]. */
export interface LayerMaps {
  readonly label: string;
  readonly shape: ImageShape;
  readonly values: Float32Array;
}

/** Points along training; null where an epoch was not evaluated on the set. */
export interface EpochPoint {
  readonly epoch: number;
  readonly train: Measured;
  readonly validation: Measured | null;
  readonly test: Measured | null;
  /** Whether the monitored figure was the best so far. */
  readonly isBest: boolean;
}

export interface Measured {
  readonly loss: number;
  readonly accuracy: number;
}

/** All that a page tells of a run. */
export interface RunReport {
  readonly name: string;
  readonly folder: string;
  readonly configuration: Readonly<Record<string, unknown>>;
  /** null while the run is not done. */
  readonly summary: RunSummary | null;
  /** Optimizer steps of the weights that are shown, and which of the run's they are. */
  readonly step: number;
  readonly weightsOf: WeightChoice;
  readonly weightsDigest: string;
  readonly engine: string;
  readonly parameters: number;
  readonly epochs: readonly EpochPoint[];
  /** [epochs done, learning rate], thinned out. */
  readonly learningRates: readonly (readonly [number, number])[];
  readonly data: {
    readonly name: string;
    readonly shape: ImageShape;
    readonly classes: readonly string[];
    readonly train: readonly number[];
    readonly test: readonly number[];
  };
  /** Of the test set. */
  readonly scores: SetEvaluation;
  readonly right: readonly ShownImage[];
  readonly wrong: readonly ShownImage[];
  readonly maps: { readonly image: ShownImage; readonly layers: readonly LayerMaps[] } | null;
}
