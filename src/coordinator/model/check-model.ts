import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ImageShape } from '../../shared/data/image-set.js';
import { LockstepError } from '../../shared/errors.js';
import { topologicalLayers } from '../../shared/model/graph.js';

/**
 * Whether any engine could train the model on these images: one input of their shape, one output
 * of a score for each class, something to train, and nothing that tfjs's own training loop would
 * add to the loss, which Lockstep would leave out.
 *
 * Errors: MODEL_MISFIT, MODEL_UNSUPPORTED, MODEL_EMPTY, MODEL_LAYER_OUTPUTS.
 */
export function checkModel(model: LayersModel, image: ImageShape, classes: number): void {
  const nodes = topologicalLayers(model);
  const wanted = [image.height, image.width, image.channels];
  expectShape(
    'takes',
    model.inputs.map((input) => input.shape),
    wanted,
    `inputShape: [${wanted.join(', ')}] in its first layer`,
  );
  expectShape(
    'gives',
    model.outputs.map((output) => output.shape),
    [classes],
    `a last layer Dense with units: ${classes}`,
  );
  for (const { label, shape } of nodes) {
    if (shape.slice(1).some((size) => size !== null && size < 1)) {
      throw new LockstepError(
        'MODEL_MISFIT',
        `Layer ${label} would give maps of ${shapeText(shape)} for images of ${wanted.join(' × ')}.`,
        { hint: 'Pool or stride less, or use padding same.' },
      );
    }
  }
  if (model.trainableWeights.length === 0) {
    throw new LockstepError('MODEL_UNSUPPORTED', 'The model has no trainable weight.', {
      hint: 'Set trainable = true on the layers that should learn.',
    });
  }
  const names = new Set<string>();
  for (const { originalName } of model.weights) {
    if (names.has(originalName)) {
      throw new LockstepError(
        'MODEL_UNSUPPORTED',
        `Two weights of the model are called ${originalName}; saved, it could not be loaded.`,
        { hint: 'Give its layers names of their own.' },
      );
    }
    names.add(originalName);
  }
  for (const { label, layer } of nodes) {
    const config = layer.getConfig();
    const extra = Object.keys(config).find(
      (key) => /(Regularizer|Constraint)$/.test(key) && config[key],
    );
    if (extra) {
      throw new LockstepError(
        'MODEL_UNSUPPORTED',
        `Layer ${label} has a ${extra}, which would be left out of training.`,
        { hint: 'Take it out; for L2 regularization use weight decay in the configuration.' },
      );
    }
  }
}

function expectShape(
  verb: 'takes' | 'gives',
  shapes: readonly (readonly (number | null)[])[],
  wanted: readonly number[],
  remedy: string,
): void {
  const [shape] = shapes;
  const fits =
    shapes.length === 1 &&
    shape![0] === null &&
    shape!.length === wanted.length + 1 &&
    wanted.every((size, axis) => shape![axis + 1] === size);
  if (fits) return;
  throw new LockstepError(
    'MODEL_MISFIT',
    `The model ${verb} ${shapes.map(shapeText).join(' and ')}; the data set needs ${shapeText([null, ...wanted])}.`,
    { hint: `Give it ${remedy}.` },
  );
}

/** `[batch, 28, 28, 1]`. */
function shapeText(shape: readonly (number | null)[]): string {
  const [batch, ...rest] = shape;
  return `[${[batch ?? 'batch', ...rest.map((size) => size ?? 'any')].join(', ')}]`;
}
