import type { RunInput } from '../local/prepare-run.js';
import type { TrainInput } from '../local/train.js';
import type { RunSummary } from '../shared/run-events.js';
import type {
  DryRunReport,
  EngineListing,
  EvaluateOptions,
  EvaluationReport,
  ImageReference,
  Prediction,
  RunUseOptions,
} from '../shared/run-reports.js';
import type { InstallOptions } from '../worker/engine/tensorflow/install/install.js';
import type { Installation } from '../worker/engine/tensorflow/install/status.js';

/**
 * What the commands ask of the library: the functions that src/index.ts exports. They are loaded
 * when a command needs them, so that `--help` and usage errors answer at once.
 */
export interface Product {
  /**
   * Trains, or goes on with `resume`. An aborted signal ends it after the step under way, with a
   * checkpoint, by LockstepError RUN_INTERRUPTED.
   */
  train(input: TrainInput): Promise<RunSummary>;
  /** What `train` would do with these options; nothing is written. */
  planRun(input: RunInput): Promise<DryRunReport>;
  evaluateRun(folder: string, options: EvaluateOptions): Promise<EvaluationReport>;
  predictRun(
    folder: string,
    images: readonly ImageReference[],
    options: RunUseOptions,
  ): Promise<readonly Prediction[]>;
  listEngines(): Promise<readonly EngineListing[]>;
  installTensorflow(options: InstallOptions): Promise<Installation>;
}

export const loadProduct = (): Promise<Product> => import('../index.js');
