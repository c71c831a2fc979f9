import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { didYouMean } from '../../shared/config/did-you-mean.js';
import type { ModelOptions } from '../../shared/config/model-options/defaults.js';
import type { ImageShape } from '../../shared/data/image-set.js';
import { LockstepError } from '../../shared/errors.js';
import { CATALOGUE, isBuiltIn } from '../../shared/model/catalogue.js';
import { trainedWeight } from '../../shared/model/initial-weights.js';
import { rowLayout } from '../../shared/model/layout.js';
import type { RowLayout } from '../../shared/numerics/row-layout.js';
import { checkModel } from './check-model.js';
import { expectModel } from './expect-model.js';
import { findSavedModel, loadSavedModel } from './load-saved-model.js';
import { loadUserModule } from './load-user-module.js';

export interface LoadedModel {
  readonly model: LayersModel;
  readonly layout: RowLayout;
  readonly origin: 'built-in' | 'module' | 'saved' | 'object';
  /** URL of the user's module that made it; null: none did. */
  readonly module: string | null;
  /**
   * The first weight that shows that the model was trained before (`6:dense/bias`), or null:
   * initial weights drawn from the seed would undo that.
   */
  readonly trainedWeight: string | null;
}

/**
 * The model that a run trains, checked against its data set.
 *
 * `spec`: a built-in model's name; a user's module (`./model.js`) that exports by default a
 * LayersModel, or a function ({ image, classes, tf }) => LayersModel, possibly async; a model saved
 * by tfjs (its folder, its `model.json`, or the folder of a run); or a LayersModel itself.
 * Relative paths start at the working folder. `options`: of a built-in model, complete; left out or
 * null, its defaults.
 *
 * Errors: MODEL_UNKNOWN, MODEL_MODULE_FAILED, MODEL_MODULE_EXPORT, MODEL_SAVED_INVALID,
 * MODEL_MISFIT, MODEL_UNSUPPORTED, MODEL_EMPTY, MODEL_LAYER_OUTPUTS.
 */
export async function loadModel(
  spec: string | LayersModel,
  image: ImageShape,
  classes: number,
  options: Partial<ModelOptions> | null = null,
): Promise<LoadedModel> {
  const { made: model, origin } = await make(spec, image, classes, options);
  expectModel(model);
  checkModel(model, image, classes);
  const layout = rowLayout(model);
  const trained = origin === 'built-in' ? null : trainedWeight(model, layout);
  const module = origin === 'module' ? pathToFileURL(resolve(spec as string)).href : null;
  return { model, layout, origin, module, trainedWeight: trained };
}

async function make(
  spec: string | LayersModel,
  image: ImageShape,
  classes: number,
  options: Partial<ModelOptions> | null,
): Promise<{ made: unknown; origin: LoadedModel['origin'] }> {
  if (typeof spec !== 'string') return { made: spec, origin: 'object' };
  if (isBuiltIn(spec)) return { made: buildFor(spec, image, classes, options), origin: 'built-in' };
  const path = resolve(spec);
  const saved = findSavedModel(path);
  if (saved) return { made: await loadSavedModel(saved), origin: 'saved' };
  if (existsSync(path)) {
    return { made: await loadUserModule(path, image, classes), origin: 'module' };
  }
  const names = Object.keys(CATALOGUE);
  const near = didYouMean(spec, names);
  throw new LockstepError(
    'MODEL_UNKNOWN',
    `There is no built-in model ${spec}, and no file or folder ${path}.`,
    { hint: near ? `Did you mean ${near}?` : `Built in are ${names.join(', ')}.` },
  );
}

function buildFor(
  name: keyof typeof CATALOGUE,
  image: ImageShape,
  classes: number,
  options: Partial<ModelOptions> | null,
): LayersModel {
  try {
    return CATALOGUE[name].build(image, classes, options ?? undefined);
  } catch (cause) {
    // It says itself what to do.
    if (cause instanceof LockstepError) throw cause;
    throw new LockstepError(
      'MODEL_MISFIT',
      `The model ${name} cannot be built for images of ${image.height} × ${image.width} × ${image.channels}: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        hint: 'Its pools need larger images, or fewer filters; take mlp, or a model of your own.',
        cause,
      },
    );
  }
}
