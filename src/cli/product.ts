import type { RunInput } from '../local/prepare-run.js';
import type { CoordinateInput } from '../local/coordinate.js';
import type { ExploreOptions } from '../local/explore/explore-data.js';
import type { LaunchInput } from '../local/launch/launch.js';
import type { Cluster } from '../local/launch/read-cluster.js';
import type { EnsembleInput } from '../local/study/ensemble.js';
import type { KfoldInput } from '../local/study/kfold.js';
import type { ScaleInput } from '../local/study/scale.js';
import type { StudyOptions } from '../local/study/study-options.js';
import type {
  EnsembleResults,
  FoldsResults,
  RangeTestResults,
  ScaleResults,
  SweepResults,
} from '../shared/study/results.js';
import type { StudyInput } from '../shared/study/study-schema.js';
import type { TrainInput } from '../local/train.js';
import type { WorkInput } from '../local/work.js';
import type { ClusterStatus } from '../shared/wire/status.js';
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
  /** Trains on workers that join over the network; ends as `train` does. */
  coordinate(input: CoordinateInput): Promise<RunSummary>;
  /** Works for such a run until it is finished. */
  work(input: WorkInput): Promise<void>;
  /** How such a run stands, as its coordinator says. */
  clusterStatus(url: string, tokenFile: string, tlsCa: string | null): Promise<ClusterStatus>;
  /** Reads and checks a cluster file. */
  readCluster(file: string, cwd: string): Promise<Cluster>;
  /** The same run as an sbatch script, and as Kubernetes manifests. */
  slurmScript(cluster: Cluster): string;
  kubernetesManifests(cluster: Cluster, image: string): string;
  /** Coordinates such a run, and starts and stops all its workers. */
  launch(input: LaunchInput): Promise<RunSummary>;
  /** What `train` would do with these options; nothing is written. */
  planRun(input: RunInput): Promise<DryRunReport>;
  evaluateRun(folder: string, options: EvaluateOptions): Promise<EvaluationReport>;
  predictRun(
    folder: string,
    images: readonly ImageReference[],
    options: RunUseOptions,
  ): Promise<readonly Prediction[]>;
  /** A page of HTML about runs. */
  reportRuns(folders: readonly string[], options: RunUseOptions): Promise<string>;
  /** A page of HTML about a data set. */
  exploreData(options: ExploreOptions): Promise<string>;
  /** Reads a study file; `sweep` checks what it says. */
  readStudy(file: string, cwd: string): Promise<StudyInput>;
  /** Searches a space of configurations, or goes on with that. */
  sweep(study: StudyInput, options: StudyOptions): Promise<SweepResults | RangeTestResults>;
  /** Cross-validation. */
  kfold(input: KfoldInput, options: StudyOptions): Promise<FoldsResults>;
  /** Mean, majority or stacking of trained runs. */
  ensemble(input: EnsembleInput): Promise<EnsembleResults>;
  /** Threads × batch × epochs on this machine. */
  scale(input: ScaleInput, options: StudyOptions): Promise<ScaleResults>;
  listEngines(): Promise<readonly EngineListing[]>;
  installTensorflow(options: InstallOptions): Promise<Installation>;
}

export const loadProduct = (): Promise<Product> => import('../index.js');

export const loadEngines = (): Promise<Pick<Product, 'listEngines' | 'installTensorflow'>> =>
  import('../worker/engine/list.js');
