import { requireLastAxis, single, type Config, type LayerSite, type Piece } from './layer-site.js';
import type { ActivationNode } from './lowering.js';
import { refuseLayer } from './refusal.js';

/** Layers and options that apply a function to each value, or softmax to each pixel. */
const FUNCTIONS: ReadonlySet<string> = new Set<ActivationNode['function']>([
  'relu',
  'relu6',
  'elu',
  'selu',
  'sigmoid',
  'hardSigmoid',
  'tanh',
  'softplus',
  'softsign',
  'swish',
  'gelu',
  'softmax',
]);

export function activation(site: LayerSite, name: string): readonly Piece[] {
  if (name === 'linear') return [];
  // Log-probabilities have the softmax of the logits: as the model's output they are logits.
  if (name === 'logSoftmax' && site.isOutput) return [];
  if (!FUNCTIONS.has(name)) {
    refuseLayer(
      site.layer.label,
      `has the activation ${name}`,
      `Use one of linear, ${[...FUNCTIONS].join(', ')}.`,
    );
  }
  return applied(site, name as ActivationNode['function'], name === 'elu' ? 1 : 0);
}

export function applied(site: LayerSite, name: ActivationNode['function'], alpha: number) {
  return single({ kind: 'activation', function: name, alpha }, site);
}

export function reluLayer(site: LayerSite, config: Config): readonly Piece[] {
  const ceiling = config['maxValue'] as number | null | undefined;
  if (ceiling === null || ceiling === undefined) return applied(site, 'relu', 0);
  if (ceiling === 6) return applied(site, 'relu6', 0);
  return refuseLayer(site.layer.label, `has maxValue ${ceiling}`, 'Use maxValue 6 or none.');
}

export function softmaxLayer(site: LayerSite, config: Config): readonly Piece[] {
  const axis = config['axis'] as number | readonly number[];
  requireLastAxis(site, typeof axis === 'number' ? axis : axis.length === 1 ? axis[0] : axis);
  return applied(site, 'softmax', 0);
}
