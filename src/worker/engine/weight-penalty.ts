import type { Layer } from '../../shared/model/graph.js';

/**
 * The option by which a layer asks for a regularizer or a constraint, null where it has none. No
 * engine applies them: the loss is the cross entropy alone, and the optimizer's step is the last
 * word on a weight.
 */
export function weightPenalty(layer: Layer): string | null {
  const config = layer.getConfig();
  const option = Object.keys(config).find(
    (key) => /(Regularizer|Constraint)$/.test(key) && (config[key] ?? null) !== null,
  );
  if (option !== undefined) return option;
  // Not every layer of tfjs names all of them in its configuration.
  if (layer.losses.length > 0) return 'regularizer';
  return layer.weights.some((weight) => weight.constraint) ? 'constraint' : null;
}
