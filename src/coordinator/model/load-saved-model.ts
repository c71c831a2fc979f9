import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LockstepError } from '../../shared/errors.js';
import { tf } from '../../shared/model/tfjs.js';

/** The `model.json` that a path stands for: itself, in the folder, or in the folder of a run. */
export function findSavedModel(path: string): string | null {
  if (path.endsWith('.json') && !isFolder(path)) return existsSync(path) ? path : null;
  const candidates = [join(path, 'model.json'), join(path, 'model', 'model.json')];
  return candidates.find((candidate) => existsSync(candidate)) ?? null;
}

const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/**
 * A layers model in tfjs's format, with its weights.
 *
 * Errors: MODEL_SAVED_INVALID.
 */
export async function loadSavedModel(path: string): Promise<LayersModel> {
  try {
    const json = JSON.parse(await readFile(path, 'utf8')) as io.ModelJSON;
    const handler: io.IOHandler = {
      load: () => tf.io.getModelArtifactsForJSON(json, (manifest) => readWeights(path, manifest)),
    };
    return await tf.loadLayersModel(handler);
  } catch (cause) {
    throw new LockstepError(
      'MODEL_SAVED_INVALID',
      `${path} is no layers model that TensorFlow.js can load: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        hint: 'It must be a model.json as model.save() of a tfjs LayersModel writes it, beside its weight files.',
        where: { file: path },
        cause,
      },
    );
  }
}

/** Specifications and bytes of the weights beside a model.json, in the manifest's order. */
export async function readWeights(
  path: string,
  manifest: io.WeightsManifestConfig,
): Promise<[io.WeightsManifestEntry[], ArrayBuffer]> {
  const files = manifest.flatMap((group) => group.paths);
  const parts = await Promise.all(files.map((file) => readFile(join(dirname(path), file))));
  const bytes = new Uint8Array(Buffer.concat(parts));
  return [tf.io.getWeightSpecs(manifest), bytes.buffer];
}
