import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { slotsByVariable } from '../../shared/model/layout.js';
import { tf } from '../../shared/model/tfjs.js';
import type { RowLayout } from '../../shared/numerics/row-layout.js';
import { writeAtomically, writeJsonAtomically } from '../run-folder/atomic-file.js';

const WEIGHTS_FILE = 'weights.bin';

/**
 * Writes the model with these weights, float32 [layout.weightsLength], in tfjs's layers format:
 * `model.json` and `weights.bin` in `folder`, which any tfjs program loads. `model.json` comes
 * last, so a folder that has one is whole; the model itself is not touched.
 *
 * Errors: RUN_FOLDER_DISK_FULL, RUN_FOLDER_NOT_WRITABLE, RUN_FOLDER_IO.
 */
export async function saveModel(
  model: LayersModel,
  layout: RowLayout,
  weights: Float32Array,
  folder: string,
): Promise<void> {
  const specs: io.WeightsManifestEntry[] = [];
  const values: Float32Array[] = [];
  const slots = slotsByVariable(model, layout);
  for (const variable of model.weights) {
    const { offset, length, shape } = slots.get(variable)!;
    specs.push({ name: variable.originalName, shape: [...shape], dtype: 'float32' });
    values.push(weights.slice(offset, offset + length));
  }
  const json = {
    format: 'layers-model',
    generatedBy: `TensorFlow.js tfjs-layers v${tf.version_layers}`,
    convertedBy: null,
    modelTopology: model.toJSON(null, false),
    weightsManifest: [{ paths: [WEIGHTS_FILE], weights: specs }],
  };
  await mkdir(folder, { recursive: true });
  await writeAtomically(join(folder, WEIGHTS_FILE), async (file) => {
    for (const value of values) await file.writeFile(new Uint8Array(value.buffer));
  });
  await writeJsonAtomically(join(folder, 'model.json'), json);
}
