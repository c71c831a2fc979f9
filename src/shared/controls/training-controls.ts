import type { EvaluationSum, StepRecord } from '../protocol/control.js';
import { isBetter, figureOf, NO_SAMPLES, withStep, type MonitoredMetric } from './monitor.js';
import {
  advanceEarlyStopping,
  NOT_STOPPING,
  type EarlyStoppingSettings,
} from './early-stopping.js';
import { advancePlateau, NO_PLATEAU, type PlateauSettings } from './plateau.js';
import type { Standing } from './standing.js';

/** Decisions that hang on how training goes; each null where it is not asked for. */
export interface ControlSettings {
  readonly stepsPerEpoch: number;
  readonly plateau: PlateauSettings | null;
  readonly stopping: EarlyStoppingSettings | null;
  /** By which figure the best state is known. */
  readonly best: MonitoredMetric | null;
}

/** Before the first step. */
export const FIRST_STANDING: Standing = Object.freeze({
  epoch: NO_SAMPLES,
  plateau: NO_PLATEAU,
  stopping: NOT_STOPPING,
  best: null,
});

/**
 * How the standing goes on: pure, so that whoever advances it, and after whatever interruption,
 * comes to the same decisions. All figures are exact sums, divided once.
 */
export class TrainingControls {
  readonly first = FIRST_STANDING;
  readonly #settings: ControlSettings;

  constructor(settings: ControlSettings) {
    this.#settings = settings;
  }

  /** `standing` is that with which the step was taken. */
  afterStep(standing: Standing, record: Pick<StepRecord, 'step' | 'tally' | 'lossBits'>): Standing {
    const begins = record.step % this.#settings.stepsPerEpoch === 0;
    return { ...standing, epoch: withStep(begins ? NO_SAMPLES : standing.epoch, record) };
  }

  /** What the evaluation of the state after `applied` steps decides; empty: none was due. */
  afterEvaluation(
    standing: Standing,
    applied: number,
    evaluation: readonly EvaluationSum[],
  ): Standing {
    if (evaluation.length === 0) return standing;
    const { plateau, stopping, best } = this.#settings;
    const figure = (metric: MonitoredMetric): number | null =>
      figureOf(metric, standing.epoch, evaluation);
    const counts = stopping !== null && applied > stopping.fromStep;
    return {
      epoch: standing.epoch,
      plateau:
        plateau === null
          ? standing.plateau
          : advancePlateau(standing.plateau, plateau, figure(plateau.metric)),
      stopping: counts
        ? advanceEarlyStopping(standing.stopping, stopping, figure(stopping.metric))
        : standing.stopping,
      best: best === null ? null : bestOf(standing.best, best, applied, figure(best)),
    };
  }

  /** Whether the run ends with the state that was just evaluated. */
  stops({ stopping }: Standing): boolean {
    const settings = this.#settings.stopping;
    return settings !== null && stopping.wait >= settings.patience;
  }
}

function bestOf(
  before: Standing['best'],
  metric: MonitoredMetric,
  step: number,
  value: number | null,
): Standing['best'] {
  if (value === null || !isBetter(metric, value, before?.value ?? null, 0)) return before;
  return { step, value };
}

/** The decisions of a run, as its machines ask for them. */
export type Decisions = Pick<TrainingControls, 'first' | 'afterStep' | 'afterEvaluation' | 'stops'>;
