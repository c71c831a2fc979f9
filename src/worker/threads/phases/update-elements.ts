import {
  momentNames,
  type MomentName,
  type OptimizerSettings,
} from '../../../shared/numerics/optimizer-settings.js';
import { decayRuns, type DecayRun } from '../../../shared/numerics/weight-decay.js';
import { VALUE } from '../control.js';
import { sliceOf } from '../slice.js';
import type { ThreadState } from '../thread-state.js';
import type { Gradient } from './gradient.js';

type ByElements = Exclude<OptimizerSettings, { readonly kind: 'lars' | 'lamb' }>;

/**
 * Optimizers in which every element is on its own: each thread takes a slice of them, cut further
 * where kinds of weights decay differently.
 */
export function updateElements(
  thread: ThreadState,
  gradient: Gradient,
  optimizer: ByElements,
): void {
  const { layout, thread: index, threads } = thread.start;
  const slice = sliceOf(layout.trainableLength, index, threads);
  if (slice.end === slice.first) return;
  const decay = 'weightDecay' in optimizer ? optimizer : { weightDecay: 0 };
  for (const run of decayRuns(decay, layout, slice)) updateRun(thread, gradient, optimizer, run);
}

function updateRun(
  { start, control, kernels }: ThreadState,
  gradient: Gradient,
  optimizer: ByElements,
  { first, end, decay }: DecayRun,
): void {
  const { values } = control;
  const { arenaPlan } = start;
  const at = (address: number): number => address + first * 4;
  const names = momentNames(optimizer);
  /** 0 where the optimizer keeps no such vector. */
  const moment = (name: MomentName): number => {
    const index = names.indexOf(name);
    return index < 0 ? 0 : at(arenaPlan.moments[index]!);
  };
  const vectors = [at(arenaPlan.weights), at(gradient.row)] as const;
  const learningRate = values[VALUE.learningRate]!;
  const { samples, limit } = gradient;
  const common = [end - first, samples, limit, learningRate] as const;
  switch (optimizer.kind) {
    case 'adam':
    case 'amsgrad':
    case 'adamw':
      kernels['adamStep']!(
        ...vectors,
        moment('firstMoment'),
        moment('secondMoment'),
        moment('greatestSecondMoment'),
        ...common,
        optimizer.beta1,
        optimizer.beta2,
        optimizer.epsilon,
        values[VALUE.correction1]!,
        values[VALUE.correction2]!,
        decay,
        optimizer.kind === 'adamw' ? 1 - learningRate * optimizer.decoupledWeightDecay : 1,
      );
      return;
    case 'rmsprop':
      kernels['rmspropStep']!(
        ...vectors,
        moment('meanSquare'),
        moment('velocity'),
        moment('meanGradient'),
        ...common,
        optimizer.rho,
        optimizer.epsilon,
        optimizer.momentum,
        decay,
      );
      return;
    case 'sgd':
      kernels['sgdStep']!(
        ...vectors,
        moment('velocity'),
        ...common,
        optimizer.momentum,
        optimizer.nesterov ? 1 : 0,
        decay,
      );
  }
}
