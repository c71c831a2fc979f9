import type { LayersModel } from '@tensorflow/tfjs-layers';
import { topologicalLayers } from '../../shared/model/graph.js';

/**
 * What layers a model has, how they are set and joined, as plain data: part of what decides the
 * bits of an engine that runs them. Names stay out: tfjs counts them up within a process.
 */
export function layerIdentity(model: LayersModel): unknown {
  return topologicalLayers(model).map(({ className, inputs, layer }) => [
    className,
    inputs,
    nameless(layer.getConfig()),
  ]);
}

function nameless(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nameless);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [
    key,
    key === 'name' ? null : nameless(each),
  ]);
  return Object.fromEntries(entries) as unknown;
}
