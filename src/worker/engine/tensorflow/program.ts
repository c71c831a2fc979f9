import type { DropSite } from '../forward.js';
import type { CompiledFunction } from './compile/compile.js';
import type { ModelShape } from './functions.js';
import type { Variant } from './install/versions.js';

/** How a compute thread computes a function of tensors. */
export type Computation =
  | { readonly kind: 'compiled'; readonly compiled: CompiledFunction }
  /** Every operation by itself, as TensorFlow.js does: what cannot be compiled. */
  | { readonly kind: 'op by op'; readonly reason: string };

/** What a compute thread needs: graphs, and what their inputs and outputs are. */
export interface TensorflowProgram extends ModelShape {
  /**
   * Inputs: images, labels, masks of `sites`, weights in the layout's order. Outputs: loss, samples
   * classified rightly, gradients in the layout's order, statistics in the order of its moving ones.
   */
  readonly step: Computation;
  /** Inputs: images, labels, weights. Outputs: loss, samples classified rightly, probabilities. */
  readonly inference: Computation;
  readonly sites: readonly DropSite[];
  readonly microBatch: number;
  readonly seed: number;
  /** The build of the library that this process has loaded. */
  readonly variant: Variant;
  /** TensorFlow's names of the GPUs that threads take in turn; none: the processor. */
  readonly devices: readonly string[];
  /** What it takes to run the model's layers in another thread; null where all is compiled. */
  readonly layers: ModelSource | null;
}

export interface ModelSource {
  /** tfjs's JSON of the model, without weights. */
  readonly topology: string;
  /** URL of the user's module, which defines layers of its own; null: there is none. */
  readonly module: string | null;
}
