/** What is computed of a model: a training step, and inference, as functions of tensors. */
import type { Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import type { ImageShape } from '../../../shared/data/image-set.js';
import { slotsByVariable } from '../../../shared/model/layout.js';
import { tf } from '../../../shared/model/tfjs.js';
import { allSlots, type RowLayout } from '../../../shared/numerics/row-layout.js';
import { lossSum, smoothed } from '../cross-entropy.js';
import { dropSites, forwardOf, type DropSite } from '../forward.js';
import type { CompiledInput } from './compile/compile.js';
import { dilatedByTaps } from './dilated.js';

export interface ModelShape {
  readonly layout: RowLayout;
  readonly image: ImageShape;
  readonly classes: number;
  readonly labelSmoothing: number;
}

/** Inputs and outputs are those of program.ts. */
export interface ModelFunctions {
  readonly sites: readonly DropSite[];
  /** Images and labels, and then a mask for each site. */
  readonly stepInputs: readonly CompiledInput[];
  /** Images and labels. */
  readonly inferenceInputs: readonly CompiledInput[];
  /** The model's own, in the layout's order: what the functions compute with. */
  readonly weights: readonly LayerVariable[];
  step(images: Tensor, labels: Tensor, ...masks: Tensor[]): readonly Tensor[];
  inference(images: Tensor, labels: Tensor): readonly Tensor[];
  /** The layer whose forward pass is under way, such as `3:dense`; null: none. */
  place(): string | null;
  /** Disposes tensors that `step` has kept beyond its end: some of its outputs. */
  release(): void;
}

/** `model` is taken over. */
export function modelFunctions(
  model: LayersModel,
  { layout, image, classes, labelSmoothing }: ModelShape,
): ModelFunctions {
  let place: string | null = null;
  const forward = forwardOf(model, layout, dilatedByTaps, (label) => (place = label));
  const sites = [...dropSites(model).values()];
  const slots = slotsByVariable(model, layout);
  const trainable = layout.trainable.map((slot) => model.weights[slot.modelWeight]!);
  // Which weights train is the layout's word: tfjs's JSON does not keep all of it.
  for (const variable of trainable) variable.trainable = true;
  const inferenceInputs: readonly CompiledInput[] = [
    { dtype: 'float32', shape: [-1, image.height, image.width, image.channels] },
    { dtype: 'int32', shape: [-1] },
  ];
  const masks = sites.map(({ shape }): CompiledInput => {
    return { dtype: 'float32', shape: [-1, ...shape] };
  });
  const held: Tensor[] = [];
  const hold = <T extends Tensor>(tensor: T): T => {
    held.push(tf.keep(tensor));
    return tensor;
  };

  return {
    sites,
    stepInputs: [...inferenceInputs, ...masks],
    inferenceInputs,
    weights: allSlots(layout).map((slot) => model.weights[slot.modelWeight]!),
    place: () => place,

    step(images, labels, ...given) {
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
      const moved = layout.moving.map(({ offset }) => statistics.get(offset)!);
      return [value, correct!, ...gradients, ...moved];
    },

    inference(images, labels) {
      const logits = forward(images, null);
      const oneHot = tf.oneHot(labels as Tensor1D, classes);
      return [lossSum(logits, oneHot), hits(logits, labels), tf.softmax(logits)];
    },

    release() {
      tf.dispose(held.splice(0));
    },
  };
}

/** Samples whose largest logit, the first of equals, is that of their label. */
function hits(logits: Tensor2D, labels: Tensor): Tensor {
  return tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32'));
}
