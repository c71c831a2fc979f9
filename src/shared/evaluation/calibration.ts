import type { Predictions } from './predictions.js';

/** Samples whose confidence lies in (from, to]. */
export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Means over the bin's samples; null where it has none. */
  readonly confidence: number | null;
  readonly accuracy: number | null;
}

export interface Calibration {
  /** Σ count / samples · |accuracy − confidence| over the bins: 0 where confidence is right. */
  readonly expectedError: number;
  /** The largest |accuracy − confidence| of a bin. */
  readonly largestError: number;
  readonly bins: readonly ReliabilityBin[];
}

/** As many as in the paper. */
const BINS = 15;

/**
 * Whether confidence is what it says: expected and maximum calibration error over bins of equal
 * width (Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017,
 * equations 3 and 5).
 */
export function calibrationOf(
  { labels, predicted, confidence }: Predictions,
  binCount = BINS,
): Calibration {
  const counts = new Array<number>(binCount).fill(0);
  const confident = new Array<number>(binCount).fill(0);
  const correct = new Array<number>(binCount).fill(0);
  for (let i = 0; i < labels.length; i++) {
    const bin = Math.min(binCount - 1, Math.max(0, Math.ceil(confidence[i]! * binCount) - 1));
    counts[bin]! += 1;
    confident[bin]! += confidence[i]!;
    if (predicted[i] === labels[i]) correct[bin]! += 1;
  }
  const bins = counts.map((count, b) => ({
    from: b / binCount,
    to: (b + 1) / binCount,
    count,
    confidence: count === 0 ? null : confident[b]! / count,
    accuracy: count === 0 ? null : correct[b]! / count,
  }));
  const gaps = counts.map((_, b) => Math.abs(correct[b]! - confident[b]!));
  return {
    expectedError: gaps.reduce((total, gap) => total + gap, 0) / Math.max(1, labels.length),
    largestError: gaps.reduce(
      (most, gap, b) => (counts[b] === 0 ? most : Math.max(most, gap / counts[b]!)),
      0,
    ),
    bins,
  };
}
