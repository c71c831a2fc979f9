import type { LayersModel } from '@tensorflow/tfjs-layers';
import { topologicalLayers, weightRole, type LayerNode } from '#src/shared/model/graph.js';
import { slotsByVariable } from '#src/shared/model/layout.js';
import type { MovingSlot, RowLayout, WeightSlot } from '#src/shared/numerics/row-layout.js';
import type { DecisionSite } from './decisions.js';
import type { ProductSite } from './product.js';

/** What the twin does for a sequential model, one after another. */
export type Operation =
  | { readonly kind: 'product'; readonly site: ProductSite; readonly weights: Slots }
  | { readonly kind: 'decide'; readonly site: DecisionSite; readonly label: string }
  | { readonly kind: 'norm'; readonly epsilon: number; readonly weights: Slots }
  | { readonly kind: 'dropout'; readonly rate: number; readonly ordinal: number }
  | { readonly kind: 'flatten' };

/** A layer's weights by role: kernel, bias, gamma, beta, movingMean, movingVariance. */
export type Slots = Readonly<Record<string, WeightSlot | MovingSlot>>;

/** Written for the layers of the built-in models; a softmax at the end is part of the loss. */
export function operationsOf(model: LayersModel, layout: RowLayout): readonly Operation[] {
  const slots = slotsByVariable(model, layout);
  const operations: Operation[] = [];
  let ordinal = 0;
  const layers = topologicalLayers(model);
  for (const node of layers.slice(1)) {
    const { className, layer, label } = node;
    const config = layer.getConfig();
    const weights: Slots = Object.fromEntries(
      layer.weights.map((weight) => [weightRole(weight), slots.get(weight)!]),
    );
    const [height = 1, width = 1] = node.shape.slice(1, -1) as number[];
    const [inHeight = 1, inWidth = 1] = layers[node.inputs[0]!]!.shape.slice(1, -1) as number[];
    const outputs = node.shape.at(-1)!;
    const relu: DecisionSite = {
      ...{ kernel: [1, 1], strides: [1, 1], pad: [0, 0] },
      ...{ outHeight: height, outWidth: width, cuts: true },
    };
    switch (className) {
      case 'Conv2D':
      case 'Dense': {
        const kernel = className === 'Dense' ? [1, 1] : (config['kernelSize'] as number[]);
        const pad = padding(node, [inHeight, inWidth], [height, width], kernel, [1, 1]);
        const site = { pad, outHeight: height, outWidth: width, outputs };
        operations.push({ kind: 'product', site: { ...site, kernel: pair(kernel) }, weights });
        if (config['activation'] === 'relu') operations.push({ kind: 'decide', site: relu, label });
        break;
      }
      case 'ReLU':
        operations.push({ kind: 'decide', site: relu, label });
        break;
      case 'MaxPooling2D': {
        const kernel = config['poolSize'] as number[];
        const strides = config['strides'] as number[];
        const pad = padding(node, [inHeight, inWidth], [height, width], kernel, strides);
        // What a ReLU passes and a pool takes is one decision.
        const before = operations.at(-1);
        const cuts = before?.kind === 'decide' && before.site.kernel.every((size) => size === 1);
        if (cuts) operations.pop();
        const shape = { kernel: pair(kernel), strides: pair(strides), pad };
        const site = { ...shape, outHeight: height, outWidth: width, cuts };
        operations.push({ kind: 'decide', site, label });
        break;
      }
      case 'BatchNormalization':
        operations.push({ kind: 'norm', epsilon: config['epsilon'] as number, weights });
        break;
      case 'Dropout':
        operations.push({ kind: 'dropout', rate: config['rate'] as number, ordinal: ordinal++ });
        break;
      case 'Flatten':
        operations.push({ kind: 'flatten' });
        break;
      default:
        throw new Error(`The float64 twin has no ${className}.`);
    }
  }
  return operations;
}

/** Zeros before the first row and column; of an odd number the odd one is at the end. */
function padding(
  { layer }: LayerNode,
  input: readonly number[],
  output: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
): readonly [number, number] {
  if (layer.getConfig()['padding'] !== 'same') return [0, 0];
  const missing = (axis: number) =>
    (output[axis]! - 1) * strides[axis]! + kernel[axis]! - input[axis]!;
  return pair([0, 1].map((axis) => Math.floor(Math.max(missing(axis), 0) / 2)));
}

function pair(values: readonly number[]): readonly [number, number] {
  return [values[0]!, values[1]!];
}
