import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ImageShape } from '../../shared/data/image-set.js';
import { LockstepError } from '../../shared/errors.js';
import { tf, type Tf } from '../../shared/model/tfjs.js';

/** What a user's function gets to build a model from. */
export interface ModelRequest {
  readonly image: ImageShape;
  /** Number of classes. */
  readonly classes: number;
  /** The TensorFlow.js that Lockstep uses. */
  readonly tf: Tf;
}

/** The type of a user's function; `export default` it from a module. */
export type ModelBuilder = (request: ModelRequest) => LayersModel | Promise<LayersModel>;

/**
 * What the module at `path` exports by default, or what the function gives that it exports.
 *
 * Errors: MODEL_MODULE_FAILED, MODEL_MODULE_EXPORT.
 */
export async function loadUserModule(
  path: string,
  image: ImageShape,
  classes: number,
): Promise<unknown> {
  if (statSync(path).isDirectory()) {
    throw new LockstepError(
      'MODEL_UNKNOWN',
      `The folder ${path} holds no model.json, nor model/model.json.`,
      { hint: 'Name a module, a folder with a saved tfjs model, or the folder of a run.' },
    );
  }
  const loaded = await attempt(path, 'cannot be loaded', () => import(pathToFileURL(path).href));
  const exported = (loaded as { default?: unknown }).default;
  if (exported === undefined) {
    const others = Object.keys(loaded as object);
    throw new LockstepError(
      'MODEL_MODULE_EXPORT',
      `${path} has no default export${others.length > 0 ? `; it exports ${others.join(', ')}` : ''}.`,
      { hint: 'Write `export default model`, or `export default ({ image, classes, tf }) => …`.' },
    );
  }
  if (typeof exported !== 'function') return exported;
  const build = exported as ModelBuilder;
  return attempt(path, 'failed to build its model', () => build({ image, classes, tf }));
}

async function attempt(path: string, what: string, run: () => unknown): Promise<unknown> {
  try {
    return await run();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new LockstepError('MODEL_MODULE_FAILED', `${path} ${what}: ${message}`, {
      hint: hintFor(path, message),
      where: { file: path },
      cause,
    });
  }
}

function hintFor(path: string, message: string): string {
  if (/\.[cm]?ts$/.test(path) && /Unknown file extension/.test(message)) {
    return 'This Node cannot load TypeScript: compile the module, or use Node 22.18 or newer.';
  }
  if (/Cannot find (package|module) '@tensorflow/.test(message)) {
    return 'Export a function and take tf from its argument: ({ image, classes, tf }) => …';
  }
  return 'The stack under "cause" says where.';
}
