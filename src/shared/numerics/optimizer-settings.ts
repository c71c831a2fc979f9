/** Which optimizer takes the steps, and with what: part of the run's identity. */
export type OptimizerSettings =
  | {
      readonly kind: 'adam' | 'amsgrad';
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      /** L2 penalty, added to the gradient as weightDecay · weight. */
      readonly weightDecay: number;
    }
  | { readonly kind: 'sgd'; readonly momentum: number; readonly weightDecay: number };

/** float32 vectors [trainable length] that the optimizer keeps beside the weights, by name. */
export function momentNames(settings: OptimizerSettings): readonly string[] {
  switch (settings.kind) {
    case 'adam':
      return ['firstMoment', 'secondMoment'];
    case 'amsgrad':
      return ['firstMoment', 'secondMoment', 'greatestSecondMoment'];
    case 'sgd':
      return settings.momentum > 0 ? ['velocity'] : [];
  }
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
