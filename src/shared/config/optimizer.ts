import type { Clipping } from '../numerics/clipping.js';
import type { OptimizerSettings } from '../numerics/optimizer-settings.js';
import type { TrainingConfig } from './schema.js';

/** The optimizer that a configuration asks for, with the settings that it reads and no others. */
export function optimizerOf(config: TrainingConfig): OptimizerSettings {
  const clipping = clippingOf(config);
  return { ...ruleOf(config), ...(clipping !== null && { clipping }) };
}

function clippingOf({ clipNorm, clipValue }: TrainingConfig): Clipping | null {
  if (clipNorm !== null) return { by: 'norm', limit: clipNorm };
  return clipValue === null ? null : { by: 'value', limit: clipValue };
}

function ruleOf(config: TrainingConfig): OptimizerSettings {
  const { optimizer: kind, beta1, beta2, epsilon, momentum } = config;
  const { nesterov, rho, centered, trustCoefficient, weightDecay, decoupledWeightDecay } = config;
  switch (kind) {
    case 'adam':
    case 'amsgrad':
      return { kind, beta1, beta2, epsilon, weightDecay };
    case 'adamw':
    case 'lamb':
      return { kind, beta1, beta2, epsilon, decoupledWeightDecay };
    case 'sgd':
      return { kind, momentum, nesterov, weightDecay };
    case 'rmsprop':
      return { kind, rho, epsilon, momentum, centered, weightDecay };
    case 'lars':
      return { kind, momentum, trustCoefficient, weightDecay };
  }
}
