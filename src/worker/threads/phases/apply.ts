import { power } from '../../../shared/numerics/momentum-term.js';
import { rowAddress } from '../arena.js';
import { barrier, VALUE } from '../control.js';
import type { PhaseBody, ThreadState } from '../thread-state.js';
import { REDUCED } from '../row-schedule.js';
import { sliceOf } from '../slice.js';
import { gradientOf } from './gradient.js';
import { lamb, lars } from './layerwise.js';
import { updateElements } from './update-elements.js';

/**
 * The optimizer's step from the reduced row, each thread a part of the weights and moments; then
 * the moving statistics, each thread some of them; then the average of both. The bits do not depend on the cut: every element
 * is on its own, or its parameter's norms are added in one order.
 */
export const apply: PhaseBody = (thread, sequence) => {
  const { start, control } = thread;
  const row = rowAddress(start.arenaPlan, REDUCED);
  const meet = (): boolean => barrier(control.words, start.thread, start.threads, sequence);
  if (!updateWeights(thread, row, meet)) return false;
  updateMovingStatistics(thread, row);
  if (start.arenaPlan.average > 0) {
    // The slices of the average are cut otherwise than those of the weights.
    if (!meet()) return false;
    updateAverage(thread);
  }
  thread.progress();
  return true;
};

/** Returns false where the phase was given up. */
function updateWeights(thread: ThreadState, row: number, meet: () => boolean): boolean {
  const { optimizer } = thread.start;
  const gradient = gradientOf(thread, row, meet);
  if (gradient === null) return false;
  if (optimizer.kind === 'lars') return lars(thread, gradient, optimizer, meet);
  if (optimizer.kind === 'lamb') return lamb(thread, gradient, optimizer, meet);
  updateElements(thread, gradient, optimizer);
  return true;
}

function updateMovingStatistics({ start, control, kernels }: ThreadState, row: number): void {
  const { arenaPlan, layout } = start;
  const microBatches = control.values[VALUE.microBatches]!;
  for (let i = start.thread; i < layout.moving.length; i += start.threads) {
    const { offset, length, momentum } = layout.moving[i]!;
    kernels['movingStatisticsStep']!(
      arenaPlan.weights + offset * 4,
      row + offset * 4,
      length,
      power(momentum, microBatches),
    );
  }
}

/** Each thread a slice of all weights, the moving statistics with them. */
function updateAverage({ start, control, kernels }: ThreadState): void {
  const { arenaPlan, layout } = start;
  const { first, end } = sliceOf(layout.weightsLength, start.thread, start.threads);
  kernels['averageStep']!(
    arenaPlan.average + first * 4,
    arenaPlan.weights + first * 4,
    end - first,
    control.values[VALUE.averageRate]!,
  );
}
