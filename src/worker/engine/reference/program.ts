import type { ImageShape } from '../../../shared/data/image-set.js';
import type { RowLayout } from '../../../shared/numerics/row-layout.js';

/** What a compute thread needs to build the model again. */
export interface ReferenceProgram {
  /** tfjs's JSON of the model, without weights. */
  readonly topology: string;
  readonly layout: RowLayout;
  readonly image: ImageShape;
  readonly classes: number;
  readonly seed: number;
  /** ε of smoothed labels in training. */
  readonly labelSmoothing: number;
}
