/**
 * Lockstep as a library: train a TensorFlow.js model on all cores of this machine, to the same
 * bits for any number of threads.
 */
import type { EngineListing } from './shared/run-reports.js';
import { listEngines as engineListings } from './worker/engine/list.js';

export {
  installTensorflow,
  type InstallOptions,
} from './worker/engine/tensorflow/install/install.js';
export {
  compile,
  type Compiled,
  type CompileOptions,
  type InputSpec,
  type Tensors,
} from './worker/engine/tensorflow/compile-api.js';
export { train, type TrainInput } from './local/train.js';
export { coordinate, type CoordinateInput } from './local/coordinate.js';
export { clusterStatus } from './local/cluster-status.js';
export type { ClusterStatus } from './shared/wire/status.js';
export { work, type WorkInput } from './local/work.js';
export { launch, type LaunchInput } from './local/launch/launch.js';
export { readCluster, type Cluster } from './local/launch/read-cluster.js';
export { slurmScript } from './local/launch/slurm-script.js';
export { kubernetesManifests } from './local/launch/kubernetes-manifests.js';
export { planRun } from './local/plan-run.js';
export { evaluateRun } from './local/evaluate-run.js';
export { reportRuns } from './local/report/report-runs.js';
export { exploreData, type ExploreOptions } from './local/explore/explore-data.js';
export { sweep } from './local/study/sweep.js';
export { kfold, type KfoldInput } from './local/study/kfold.js';
export { ensemble, type EnsembleInput } from './local/study/ensemble.js';
export { scale, type ScaleInput } from './local/study/scale.js';
export { readStudy } from './local/study/read-study.js';
export type { StudyOptions } from './local/study/study-options.js';
export type { StudyInput } from './shared/study/study-schema.js';
export type { StudyObserver, StudyProgress } from './shared/study/study-events.js';
export type {
  CombinedScore,
  EnsembleMember,
  EnsembleMethod,
  EnsembleResults,
  FoldsResults,
  RangeTestResults,
  RunRow,
  ScaleResults,
  SweepResults,
  TestScore,
} from './shared/study/results.js';
export { predictRun } from './local/predict-run.js';
export { loadDataset, type LoadDatasetOptions } from './coordinator/data/load-dataset.js';
export {
  importPhotos,
  type ImportOptions,
  type ImportProgress,
  type ImportReport,
} from './coordinator/photos/import-photos.js';
export { loadRecode } from './coordinator/photos/load-recode.js';
export type { PhotoOptions } from './shared/photos/photo-options.js';
export type { Recode } from './shared/photos/recode.js';
export type { RunInput } from './local/prepare-run.js';
export type { ArrayData, LabelledImages } from './shared/data/array-data.js';
export { LockstepError, ERROR_CODES, type ErrorCode } from './shared/errors.js';
export type { ConfigInput, ResolvedConfig } from './shared/config/schema.js';
export type { DataSet } from './shared/data/data-set.js';
export type { ImageSet, ImageShape } from './shared/data/image-set.js';
export type {
  EpochRecord,
  RunObserver,
  RunStart,
  RunSummary,
  StepRecord,
} from './shared/run-events.js';
export type {
  DryRunReport,
  EngineListing,
  EvaluateOptions,
  EvaluationReport,
  ImageReference,
  Prediction,
  RunUseOptions,
  SetEvaluation,
  VariantEvaluation,
} from './shared/run-reports.js';
/** The copy of TensorFlow.js that Lockstep uses: build models with it. */
export { tf } from './shared/model/tfjs.js';
/** All engines: what is there, what is not, why, and what to do. */
export const listEngines = (): Promise<readonly EngineListing[]> => engineListings();
