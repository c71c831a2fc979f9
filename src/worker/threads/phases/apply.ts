import { power } from '../../../shared/numerics/momentum-term.js';
import { rowAddress } from '../arena.js';
import { VALUE } from '../control.js';
import { sliceOf } from '../slice.js';
import type { PhaseBody, ThreadState } from '../thread-state.js';
import { REDUCED } from '../row-schedule.js';

/**
 * The optimizer's step from the reduced row, each thread a slice of the weights and moments; then
 * the moving statistics, each thread some of them. Every element is on its own, so the bits do not
 * depend on the cut.
 */
export const apply: PhaseBody = (thread) => {
  const { start } = thread;
  const row = rowAddress(start.arenaPlan, REDUCED);
  updateWeights(thread, row);
  updateMovingStatistics(thread, row);
  thread.progress();
  return true;
};

function updateWeights({ start, control, kernels }: ThreadState, row: number): void {
  const { values } = control;
  const { arenaPlan, layout, optimizer } = start;
  const { first, end } = sliceOf(layout.trainableLength, start.thread, start.threads);
  if (end === first) return;
  const at = (address: number | undefined): number =>
    address === undefined ? 0 : address + first * 4;
  const [m, v, greatest] = arenaPlan.moments;
  const common = [end - first, values[VALUE.samples]!, values[VALUE.learningRate]!] as const;
  switch (optimizer.kind) {
    case 'adam':
    case 'amsgrad':
      kernels['adamStep']!(
        at(arenaPlan.weights),
        at(row),
        at(m),
        at(v),
        at(greatest),
        ...common,
        optimizer.beta1,
        optimizer.beta2,
        optimizer.epsilon,
        values[VALUE.correction1]!,
        values[VALUE.correction2]!,
        optimizer.weightDecay,
      );
      return;
    case 'sgd':
      kernels['sgdStep']!(
        at(arenaPlan.weights),
        at(row),
        at(m),
        ...common,
        optimizer.momentum,
        0,
        optimizer.weightDecay,
      );
  }
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
