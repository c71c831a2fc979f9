import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Layer } from './graph.js';

/** Applies a layer, which it may name; returns its output. */
export type Apply = (
  layer: Layer,
  x: SymbolicTensor | readonly SymbolicTensor[],
  name?: string,
) => SymbolicTensor;

/**
 * Names layers by place and kind where no name is given, and leaves their weights zeros, as stack.ts
 * does.
 */
export function namedInOrder(): Apply {
  let place = 0;
  return (layer, x, name) => {
    const given = `${++place}_${layer.getClassName().toLowerCase()}`;
    layer.name = name ?? given;
    layer.setFastWeightInitDuringBuild(true);
    return layer.apply(x as SymbolicTensor) as SymbolicTensor;
  };
}
