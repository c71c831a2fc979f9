import type { RowLayout } from '../../../shared/numerics/row-layout.js';
import type { DropSite } from '../forward.js';
import type { CompiledFunction } from './compile/compile.js';

/** What a compute thread needs: graphs, and what their inputs and outputs are. */
export interface TensorflowProgram {
  /**
   * Inputs: images, labels, masks of `sites`, weights in the layout's order. Outputs: loss, samples
   * classified rightly, gradients in the layout's order, statistics in the order of its moving ones.
   */
  readonly step: CompiledFunction;
  /** Inputs: images, labels, weights. Outputs: loss, samples classified rightly, probabilities. */
  readonly inference: CompiledFunction;
  readonly sites: readonly DropSite[];
  readonly layout: RowLayout;
  readonly classes: number;
  readonly imageLength: number;
  readonly microBatch: number;
  readonly seed: number;
}
