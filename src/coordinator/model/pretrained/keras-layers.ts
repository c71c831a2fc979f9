import type { NamedTensor } from './named-tensor.js';

/** The weights of a layer by the names that TensorFlow.js gives them. */
export type WeightsByRole = Readonly<Record<string, NamedTensor>>;

/** The kinds of layers in the base of Inception that have weights. */
export const KINDS = ['conv2d', 'batch_normalization'] as const;
export type Kind = (typeof KINDS)[number];

export interface KerasLayers {
  /** In the order of the numbers in the layers' names. */
  readonly layers: Readonly<Record<Kind, readonly WeightsByRole[]>>;
  /** Whether the file numbers a layer's weights, as Keras 3 does, instead of naming them. */
  readonly isNumbered: boolean;
}

/** `model_weights/conv2d_1/conv2d_1/kernel`, `conv2d_1/kernel`, `layers/conv2d_1/vars/0` */
const PATH = /(?:^|.*\/)((conv2d|batch_normalization)(?:_(\d+))?)\/(vars\/)?\w+$/;

/** Convolutions and batch norms as a file of Keras has them, or one that was made of it. */
export function kerasLayers(tensors: readonly NamedTensor[]): KerasLayers {
  const layers = new Map<string, { kind: Kind; number: number; tensors: NamedTensor[] }>();
  let isNumbered = false;
  for (const tensor of tensors) {
    const match = PATH.exec(tensor.name);
    // What an optimizer keeps of a weight is called like it.
    if (match === null || tensor.name.includes('optimizer')) continue;
    const [, layer, kind, number = '0', vars] = match;
    isNumbered ||= vars !== undefined;
    const known = layers.get(layer!) ?? { kind: kind as Kind, number: Number(number), tensors: [] };
    known.tensors.push(tensor);
    layers.set(layer!, known);
  }
  const inOrder = (kind: Kind): WeightsByRole[] =>
    [...layers.values()]
      .filter((layer) => layer.kind === kind)
      .sort((a, b) => a.number - b.number)
      .map(({ tensors: own }) => byRole(kind, own));
  return {
    layers: { conv2d: inOrder('conv2d'), batch_normalization: inOrder('batch_normalization') },
    isNumbered,
  };
}

const NORM = ['beta', 'movingMean', 'movingVariance'];

function byRole(kind: Kind, tensors: readonly NamedTensor[]): WeightsByRole {
  const norm = tensors.length > NORM.length ? ['gamma', ...NORM] : NORM;
  const numbered = kind === 'conv2d' ? ['kernel', 'bias'] : norm;
  return Object.fromEntries(
    tensors.map((tensor) => {
      const last = tensor.name.split('/').at(-1)!;
      const name = last.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
      return [/^\d+$/.test(last) ? numbered[Number(last)]! : name, tensor];
    }),
  );
}
