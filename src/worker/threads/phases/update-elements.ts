import {
  momentNames,
  type MomentName,
  type OptimizerSettings,
} from '../../../shared/numerics/optimizer-settings.js';
import { VALUE } from '../control.js';
import { sliceOf } from '../slice.js';
import type { ThreadState } from '../thread-state.js';
import type { Gradient } from './gradient.js';

/** Optimizers in which every element is on its own: each thread takes a slice of them. */
export function updateElements(
  { start, control, kernels }: ThreadState,
  gradient: Gradient,
  optimizer: Exclude<OptimizerSettings, { readonly kind: 'lars' | 'lamb' }>,
): void {
  const { values } = control;
  const { arenaPlan, layout } = start;
  const { first, end } = sliceOf(layout.trainableLength, start.thread, start.threads);
  if (end === first) return;
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
        'weightDecay' in optimizer ? optimizer.weightDecay : 0,
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
        optimizer.weightDecay,
      );
      return;
    case 'sgd':
      kernels['sgdStep']!(
        ...vectors,
        moment('velocity'),
        ...common,
        optimizer.momentum,
        optimizer.nesterov ? 1 : 0,
        optimizer.weightDecay,
      );
  }
}
