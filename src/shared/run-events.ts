import type { WireFormat } from './config/schema.js';
import type { MonitoredMetric } from './controls/monitor.js';

/**
 * What a run tells whoever watches it, and the records that its folder keeps. Steps and epochs
 * are counted from 1 here: `step` is the number of optimizer steps done. Losses are means over
 * samples (natural logarithm), accuracies shares in [0, 1], durations seconds of wall clock.
 */

/** One optimizer step: a line of metrics.jsonl. */
export interface StepRecord {
  readonly kind: 'step';
  readonly step: number;
  readonly epoch: number;
  /** Samples of this step. */
  readonly samples: number;
  /** Over the batch, in training mode, before the update. */
  readonly loss: number;
  readonly accuracy: number;
  readonly learningRate: number;
  readonly samplesPerSecond: number;
  readonly stepSeconds: number;
  /** Mean over the threads: gradients of their micro-batches, and adding the rows of these up. */
  readonly computeSeconds: number;
  /** The rest: waiting for each other and for the coordinator, adding up between threads. */
  readonly waitSeconds: number;
  /** The optimizer's update of the weights. */
  readonly updateSeconds: number;
}

/** The end of an epoch, or of training in the middle of one: a line of metrics.jsonl. */
export interface EpochRecord {
  readonly kind: 'epoch';
  readonly step: number;
  readonly epoch: number;
  /** Samples seen in this epoch. */
  readonly samples: number;
  /** Means over the samples of the epoch, each in training mode at its own step. */
  readonly loss: number;
  readonly accuracy: number;
  readonly learningRate: number;
  /** Over the epoch's steps; evaluation left out. */
  readonly samplesPerSecond: number;
  readonly epochSeconds: number;
  /** Over the validation set; null where there is none, or this epoch was not evaluated. */
  readonly validationLoss: number | null;
  readonly validationAccuracy: number | null;
  /** Over the test set, in inference mode; null where this epoch was not evaluated. */
  readonly testLoss: number | null;
  readonly testAccuracy: number | null;
  /** Whether the monitored figure was the best so far; false where no best weights are kept. */
  readonly isBest: boolean;
  readonly evaluationSeconds: number;
}

export type MetricsRecord = StepRecord | EpochRecord;

export interface BestState {
  readonly step: number;
  readonly epoch: number;
  /** The monitored figure, by its name in the metrics, and its value. */
  readonly metric: MonitoredMetric;
  readonly value: number;
}

/** summary.json of a run folder. */
export interface RunSummary {
  /** Absolute path of the run folder. */
  readonly run: string;
  readonly model: string;
  readonly parameters: number;
  /** SHA-256, hex, of all weights incl. moving statistics: little-endian float32, layout order. */
  readonly weightsDigest: string;
  readonly engine: string;
  /**
   * Engines that computed, where the run allowed for several (mixedEngines): its weights are then
   * not the same bits when it is done again. null: it did not.
   */
  readonly mixedEngines: readonly string[] | null;
  /** How gradients travelled between workers; rounded, `float16`, with the same consequence. */
  readonly wire: WireFormat;
  readonly threads: number;
  /** Optimizer steps in all, those before a resumption included. */
  readonly steps: number;
  /** Passes over the training set; a fraction where `steps` ended the run. */
  readonly epochs: number;
  readonly samplesSeen: number;
  /** Whether early stopping ended the run, before its last epoch or step. */
  readonly stoppedEarly: boolean;
  /** The best state of the run; null where no best weights are kept. */
  readonly best: BestState | null;
  /** Whose weights these are: the best ones (restoreBest), or the last. */
  readonly weightsOf: 'best' | 'last';
  /** Over the training steps of this process; set-up and evaluation left out. */
  readonly samplesPerSecond: number;
  /** In inference mode with the final weights, over the whole sets. */
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  /** null where nothing was put aside to validate on. */
  readonly validationLoss: number | null;
  readonly validationAccuracy: number | null;
  /** null where the run was not to see the test set. */
  readonly testLoss: number | null;
  readonly testAccuracy: number | null;
  /** Of this process: set-up, training steps, evaluation, everything. */
  readonly setupSeconds: number;
  readonly trainingSeconds: number;
  readonly evaluationSeconds: number;
  readonly totalSeconds: number;
  readonly peakResidentBytes: number;
  readonly versions: Readonly<Record<string, string>>;
}

export interface RunStart {
  /** Path of the run folder. */
  readonly run: string;
  readonly model: string;
  readonly parameters: number;
  readonly engine: string;
  /** null: the workers' own, who may come and go. */
  readonly threads: number | null;
  /** Optimizer steps at the end of training, and already done. */
  readonly steps: number;
  readonly startStep: number;
  readonly stepsPerEpoch: number;
  /** Epochs that the run will touch: ⌈steps / stepsPerEpoch⌉. */
  readonly epochs: number;
  /** Size of the training set. */
  readonly samples: number;
}

/**
 * Called in this order: notices at any time, `started` once, `step` and `epoch` in the order of
 * training, `finished` once where the run succeeds. Calls are made between steps: they return
 * soon and never throw.
 */
export interface RunObserver {
  /** Something worth a line: the choice of engine and why, the data's source, granularity. */
  notice(text: string): void;
  started(start: RunStart): void;
  step(record: StepRecord): void;
  epoch(record: EpochRecord): void;
  finished(summary: RunSummary): void;
}
