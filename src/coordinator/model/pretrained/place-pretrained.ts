import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LockstepError } from '../../../shared/errors.js';
import { weightRole } from '../../../shared/model/graph.js';
import { INCEPTION_CONVOLUTIONS, kerasName } from '../../../shared/model/inception-base.js';
import { slotsByVariable } from '../../../shared/model/layout.js';
import type { RowLayout } from '../../../shared/numerics/row-layout.js';
import { kerasLayers, KINDS, type Kind, type WeightsByRole } from './keras-layers.js';
import type { NamedTensor } from './named-tensor.js';

type Variable = LayersModel['weights'][number];

/**
 * Writes weights of a file over initial ones, float32 [layout.weightsLength]: all of them, where the
 * file has each weight of the model by name and shape, as one saved by Lockstep has; else those of the
 * base of `inceptionv3`, by the order of its layers in a file of Keras. Returns which.
 *
 * Errors: MODEL_PRETRAINED_MISFIT.
 */
export function placePretrained(
  model: LayersModel,
  layout: RowLayout,
  tensors: readonly NamedTensor[],
  weights: Float32Array,
  file: string,
): 'all' | 'base' {
  const own = wholeModel(model, tensors);
  const { pairs, fault } = own.fault !== null && hasBase(model) ? base(model, tensors) : own;
  if (fault !== null) throw misfit(file, fault);
  const slots = slotsByVariable(model, layout);
  for (const [variable, { values }] of pairs) weights.set(values, slots.get(variable)!.offset);
  return own.fault === null ? 'all' : 'base';
}

/** Each weight with its values, or the first thing that is wrong. */
interface Match {
  readonly pairs: readonly (readonly [Variable, NamedTensor])[];
  readonly fault: string | null;
}

const faulty = (fault: string): Match => ({ pairs: [], fault });

function wholeModel(model: LayersModel, tensors: readonly NamedTensor[]): Match {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return matched(model.weights.map((variable) => [variable, byName.get(variable.originalName)]));
}

const hasBase = (model: LayersModel): boolean =>
  model.layers.some(({ name }) => name === kerasName('batch_normalization', INCEPTION_CONVOLUTIONS - 1)); // prettier-ignore

/**
 * Keras names layers in the order in which they were made; where it numbers them as it saves them, it
 * does so in the order of `model.layers`, which sorts by depth, here as there. Of two orders the one
 * in which all shapes fit is right.
 */
function base(model: LayersModel, tensors: readonly NamedTensor[]): Match {
  const { layers, isNumbered } = kerasLayers(tensors);
  const orders = isNumbered ? ([byDepth, asMade] as const) : ([asMade, byDepth] as const);
  const matches = orders.map((order) => inOrder(model, layers, order));
  return matches.find(({ fault }) => fault === null) ?? matches[0]!;
}

type Order = (model: LayersModel, kind: Kind) => readonly string[];

const asMade: Order = (_model, kind) =>
  Array.from({ length: INCEPTION_CONVOLUTIONS }, (_, n) => kerasName(kind, n));

const byDepth: Order = (model, kind) => {
  const names = new Set(asMade(model, kind));
  return model.layers.map(({ name }) => name).filter((name) => names.has(name));
};

function inOrder(
  model: LayersModel,
  found: Readonly<Record<Kind, readonly WeightsByRole[]>>,
  order: Order,
): Match {
  const layers = new Map(model.layers.map((layer) => [layer.name, layer]));
  const pairs: (readonly [Variable, NamedTensor | undefined])[] = [];
  for (const kind of KINDS) {
    const names = order(model, kind);
    if (found[kind].length < names.length) {
      return faulty(`it has ${found[kind].length} layers ${kind}, and the base ${names.length}`);
    }
    for (const [n, name] of names.entries()) {
      const variables = layers.get(name)!.weights;
      const roles = variables.map(weightRole);
      const strange = Object.keys(found[kind][n]!).find((role) => !roles.includes(role));
      if (strange !== undefined) return faulty(`${name} has a ${strange} there, and none here`);
      for (const variable of variables)
        pairs.push([variable, found[kind][n]![weightRole(variable)]]);
    }
  }
  return matched(pairs);
}

function matched(pairs: readonly (readonly [Variable, NamedTensor | undefined])[]): Match {
  for (const [{ originalName, shape }, tensor] of pairs) {
    const wanted = `${originalName} of [${shape.join(', ')}] is needed`;
    if (tensor === undefined) return faulty(`${wanted}, and is not there`);
    const fits =
      shape.length === tensor.shape.length && shape.every((n, i) => n === tensor.shape[i]);
    if (!fits) return faulty(`${wanted}, and is [${tensor.shape.join(', ')}] there`);
  }
  return { pairs: pairs as Match['pairs'], fault: null };
}

function misfit(file: string, reason: string): LockstepError {
  return new LockstepError(
    'MODEL_PRETRAINED_MISFIT',
    `The weights in ${file} are not of this model: ${reason}.`,
    {
      hint: 'Take those of a run of the same model with the same options; for inceptionv3 those of an Inception v3 of Keras, too.',
      where: { file },
    },
  );
}
