import type { Clipping } from '../numerics/clipping.js';
import type { OptimizerSettings } from '../numerics/optimizer-settings.js';
import type { WeightDecay } from '../numerics/weight-decay.js';
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
  const { nesterov, rho, centered, trustCoefficient, decoupledWeightDecay } = config;
  const decay = weightDecayOf(config);
  switch (kind) {
    case 'adam':
    case 'amsgrad':
      return { kind, beta1, beta2, epsilon, ...decay };
    case 'adamw':
    case 'lamb':
      return { kind, beta1, beta2, epsilon, decoupledWeightDecay };
    case 'sgd':
      return { kind, momentum, nesterov, ...decay };
    case 'rmsprop':
      return { kind, rho, epsilon, momentum, centered, ...decay };
    case 'lars':
      return { kind, momentum, trustCoefficient, ...decay };
  }
}

function weightDecayOf(config: TrainingConfig): WeightDecay {
  const { weightDecay } = config;
  const byKind = {
    conv: config.weightDecayConv,
    dense: config.weightDecayDense,
    bias: config.weightDecayBias,
    norm: config.weightDecayNorm,
  };
  const own = Object.entries(byKind).filter(([, value]) => value !== null);
  return own.length === 0 ? { weightDecay } : { weightDecay, decayByKind: Object.fromEntries(own) };
}
