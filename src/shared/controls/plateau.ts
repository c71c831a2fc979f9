import { isBetter, type MonitoredMetric } from './monitor.js';

/** When the learning rate is lowered; see `learningRateAt` for by how much. */
export interface PlateauSettings {
  readonly metric: MonitoredMetric;
  /** Evaluations without a better figure before the rate falls, at least 1. */
  readonly patience: number;
  readonly minDelta: number;
  /** Evaluations after a fall that do not count. */
  readonly cooldown: number;
  /** After so many falls the rate has come to its floor. */
  readonly mostReductions: number;
}

export interface PlateauState {
  readonly best: number | null;
  /** Evaluations since the best, or since the rate fell. */
  readonly wait: number;
  /** Evaluations that still do not count. */
  readonly cooldown: number;
  /** How often the rate has fallen. */
  readonly reductions: number;
}

export const NO_PLATEAU: PlateauState = Object.freeze({
  best: null,
  wait: 0,
  cooldown: 0,
  reductions: 0,
});

/**
 * What an evaluation makes of it: Keras's ReduceLROnPlateau, but that the whole of the cooldown does
 * not count, as in PyTorch (in Keras its last evaluation does). A figure that is not known counts as
 * one that is not better.
 */
export function advancePlateau(
  before: PlateauState,
  { metric, patience, minDelta, cooldown, mostReductions }: PlateauSettings,
  value: number | null,
): PlateauState {
  const cools = before.cooldown > 0;
  const state = { ...before, cooldown: cools ? before.cooldown - 1 : 0 };
  if (value !== null && isBetter(metric, value, before.best, minDelta)) {
    return { ...state, best: value, wait: 0 };
  }
  if (cools) return state;
  const wait = state.wait + 1;
  if (wait < patience || state.reductions >= mostReductions) return { ...state, wait };
  return { ...state, wait: 0, cooldown, reductions: state.reductions + 1 };
}
