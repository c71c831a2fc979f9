/**
 * A learning-rate range test (Smith, "Cyclical Learning Rates for Training Neural Networks", WACV
 * 2017, section 3.3): the rate rises along a run, and the loss tells which rates are of use.
 */
import type { StepRecord } from '../run-events.js';
import type { RangePoint, RangeTestResults } from './results.js';

/** A mean over a tenth of the run, half of it before a step and half behind it. */
const HALF_WINDOW = 1 / 20;
/** The smoothed loss has diverged where it exceeds so many times its least value. */
const DIVERGED = 4;

/** `diverged`: whether the run ended by a loss or gradient without end, after these steps. */
export function rangeResults(
  steps: readonly Pick<StepRecord, 'learningRate' | 'loss'>[],
  diverged: boolean,
): Omit<RangeTestResults, 'folder'> {
  const points = smoothed(steps);
  const least = lowest(points);
  return {
    kind: 'sweep',
    search: 'rangeTest',
    points,
    steepest: steepestOf(points, least),
    least: least < 0 ? null : points[least]!.learningRate,
    diverges: divergesAt(points) ?? (diverged ? (points.at(-1)?.learningRate ?? null) : null),
  };
}

const halfWindow = (steps: number): number => Math.max(1, Math.floor(steps * HALF_WINDOW));

/** Means over the steps about each one; fewer of them at the ends. */
function smoothed(
  steps: readonly Pick<StepRecord, 'learningRate' | 'loss'>[],
): readonly RangePoint[] {
  const half = halfWindow(steps.length);
  return steps.map(({ learningRate, loss }, i) => {
    const about = steps.slice(Math.max(0, i - half), i + half + 1);
    const smoothedLoss = about.reduce((sum, step) => sum + step.loss, 0) / about.length;
    return { learningRate, loss, smoothedLoss };
  });
}

function lowest(points: readonly RangePoint[]): number {
  let least = -1;
  points.forEach(({ smoothedLoss }, i) => {
    if (least < 0 || smoothedLoss < points[least]!.smoothedLoss) least = i;
  });
  return least;
}

/**
 * The rate about which the smoothed loss falls most, over a tenth of the run, before its least
 * value. Steps are alike in the logarithm of the rate, or in the rate, as the run was made.
 */
function steepestOf(points: readonly RangePoint[], least: number): number | null {
  const half = halfWindow(points.length);
  let best: number | null = null;
  // Of a level curve, rounding is no fall.
  let fall = -1e-6 * (points[0]?.smoothedLoss ?? 0);
  for (let i = half; i <= Math.min(least, points.length - 1 - half); i++) {
    const change = points[i + half]!.smoothedLoss - points[i - half]!.smoothedLoss;
    if (change < fall) [fall, best] = [change, points[i]!.learningRate];
  }
  return best;
}

function divergesAt(points: readonly RangePoint[]): number | null {
  let least = Infinity;
  for (const { learningRate, smoothedLoss } of points) {
    least = Math.min(least, smoothedLoss);
    if (smoothedLoss > DIVERGED * least) return learningRate;
  }
  return null;
}
