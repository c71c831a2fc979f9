/** What is compiled of a model: a training step, and inference. */
import type { Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import { allSlots, slotsByVariable } from '../../../shared/model/layout.js';
import { tf } from '../../../shared/model/tfjs.js';
import { lossSum, smoothed } from '../cross-entropy.js';
import type { BuildRequest } from '../engine.js';
import { dropSites, forwardOf, type DropSite } from '../forward.js';
import { compileFunction, type CompiledFunction, type CompiledInput } from './compile/compile.js';
import type { NodeBackend } from './compile/kernels.js';

export interface CompiledModel {
  readonly step: CompiledFunction;
  readonly inference: CompiledFunction;
  readonly sites: readonly DropSite[];
}

/** `model` is taken over. Inputs and outputs are those of program.ts. */
export async function compileModel(
  backend: NodeBackend,
  model: LayersModel,
  { layout, image, classes, labelSmoothing }: BuildRequest,
): Promise<CompiledModel> {
  const forward = forwardOf(model, layout);
  const sites = [...dropSites(model).values()];
  const slots = slotsByVariable(model, layout);
  const trainable = layout.trainable.map((slot) => model.weights[slot.modelWeight]!);
  for (const variable of trainable) variable.trainable = true;
  const weights = allSlots(layout).map((slot) => ({
    value: model.weights[slot.modelWeight]!.read(),
  }));
  const samples: readonly CompiledInput[] = [
    { dtype: 'float32', shape: [-1, image.height, image.width, image.channels] },
    { dtype: 'int32', shape: [-1] },
  ];
  const masks = sites.map(({ shape }): CompiledInput => ({
    dtype: 'float32',
    shape: [-1, ...shape],
  }));
  const held: Tensor[] = [];
  const hold = <T extends Tensor>(tensor: T): T => {
    held.push(tf.keep(tensor));
    return tensor;
  };

  const step = (images: Tensor, labels: Tensor, ...given: Tensor[]): Tensor[] => {
    const statistics = new Map<number, Tensor>();
    let correct: Tensor | null = null;
    const drop = (site: DropSite, x: Tensor) =>
      tf.mul(x, given[sites.findIndex(({ ordinal }) => ordinal === site.ordinal)]!);
    const statistic = (variable: LayerVariable, value: Tensor) => {
      statistics.set(slots.get(variable)!.offset, hold(value));
    };
    const { value, grads } = tf.variableGrads(
      () => {
        const logits = forward(images, { drop, statistic });
        correct = hold(hits(logits, labels));
        return lossSum(logits, smoothed(tf.oneHot(labels as Tensor1D, classes), labelSmoothing));
      },
      trainable.map((variable) => variable.read() as Variable),
    );
    const gradients = trainable.map(
      (variable) => grads[variable.name] ?? tf.zerosLike(variable.read()),
    );
    return [value, correct!, ...gradients, ...layout.moving.map((s) => statistics.get(s.offset)!)];
  };
  const inference = (images: Tensor, labels: Tensor): Tensor[] => {
    const logits = forward(images, null);
    const oneHot = tf.oneHot(labels as Tensor1D, classes);
    return [lossSum(logits, oneHot), hits(logits, labels), tf.softmax(logits)];
  };
  try {
    return {
      step: await compileFunction(backend, [...samples, ...masks], weights, step as never),
      inference: await compileFunction(backend, samples, weights, inference as never),
      sites,
    };
  } finally {
    tf.dispose(held);
  }
}

/** Samples whose largest logit, the first of equals, is that of their label. */
function hits(logits: Tensor2D, labels: Tensor): Tensor {
  return tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32'));
}
