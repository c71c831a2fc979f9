import type { Clipping } from './clipping.js';
import type { WeightDecay } from './weight-decay.js';

/**
 * Which optimizer takes the steps, and with what: part of the run's identity. `weightDecay` is an
 * L2 penalty, added to the gradient as weightDecay · weight, of each kind of weight its own where
 * `decayByKind` says so; `decoupledWeightDecay` shrinks the
 * weights beside the gradient's step, which is not the same where moments scale gradients.
 */
export type OptimizerSettings = Rule & {
  /** What is done to the mean gradient before; left out: nothing. */
  readonly clipping?: Clipping;
};

type Rule =
  | (Betas & WeightDecay & { readonly kind: 'adam' | 'amsgrad' })
  | (Betas & { readonly kind: 'adamw'; readonly decoupledWeightDecay: number })
  | (Betas & { readonly kind: 'lamb'; readonly decoupledWeightDecay: number })
  | (WeightDecay & {
      readonly kind: 'sgd';
      readonly momentum: number;
      readonly nesterov: boolean;
    })
  | (WeightDecay & {
      readonly kind: 'rmsprop';
      readonly rho: number;
      readonly epsilon: number;
      readonly momentum: number;
      readonly centered: boolean;
    })
  | (WeightDecay & {
      readonly kind: 'lars';
      readonly momentum: number;
      readonly trustCoefficient: number;
    });

interface Betas {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export type MomentName =
  | 'firstMoment'
  | 'secondMoment'
  | 'greatestSecondMoment'
  | 'velocity'
  | 'meanSquare'
  | 'meanGradient';

/** float32 vectors [trainable length] that the optimizer keeps beside the weights, by name. */
export function momentNames(settings: OptimizerSettings): readonly MomentName[] {
  switch (settings.kind) {
    case 'adam':
    case 'adamw':
    case 'lamb':
      return ['firstMoment', 'secondMoment'];
    case 'amsgrad':
      return ['firstMoment', 'secondMoment', 'greatestSecondMoment'];
    case 'sgd':
      return settings.momentum > 0 ? ['velocity'] : [];
    case 'rmsprop':
      return [
        'meanSquare',
        ...(settings.momentum > 0 ? (['velocity'] as const) : []),
        ...(settings.centered ? (['meanGradient'] as const) : []),
      ];
    case 'lars':
      return ['velocity'];
  }
}

/** Whether a step needs the norms of whole parameters. */
export function needsNorms({ kind, clipping }: OptimizerSettings): boolean {
  return kind === 'lars' || kind === 'lamb' || clipping?.by === 'norm';
}

/** What 1 − βᵗ is needed of: β₁ and β₂, or nothing. */
export function biasCorrections(settings: OptimizerSettings): readonly BiasCorrection[] {
  return 'beta1' in settings
    ? [new BiasCorrection(settings.beta1), new BiasCorrection(settings.beta2)]
    : [];
}

/**
 * 1 − βᵗ of Adam's bias correction for t = 1, 2, … in turn: βᵗ by repeated multiplication in
 * float64, since Math.pow and ** are not specified to the bit.
 */
export class BiasCorrection {
  #steps = 0;
  #power = 1;

  constructor(readonly beta: number) {}

  /** 1 − βᵗ after `steps` steps; cheap where `steps` grows by one. */
  after(steps: number): number {
    if (steps < this.#steps) {
      this.#steps = 0;
      this.#power = 1;
    }
    for (; this.#steps < steps; this.#steps++) this.#power *= this.beta;
    return 1 - this.#power;
  }
}
