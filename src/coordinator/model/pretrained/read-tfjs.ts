import { readFile } from 'node:fs/promises';
import type { io } from '@tensorflow/tfjs-core';
import { tf } from '../../../shared/model/tfjs.js';
import { readWeights } from '../load-saved-model.js';
import { unreadable, type NamedTensor } from './named-tensor.js';

/**
 * The weights that a model.json of TensorFlow.js names, whatever model it is of; those that were
 * quantised to fewer bits as float32 again.
 *
 * Errors: MODEL_PRETRAINED_INVALID.
 */
export async function readTfjsWeights(path: string): Promise<readonly NamedTensor[]> {
  try {
    const json = JSON.parse(await readFile(path, 'utf8')) as Partial<io.ModelJSON>;
    const manifest = json.weightsManifest;
    if (!Array.isArray(manifest)) throw unreadable(path, 'it has no weightsManifest');
    const [specs, bytes] = await readWeights(path, manifest);
    const decoded = tf.io.decodeWeights(bytes, specs);
    return Object.entries(decoded).map(([name, tensor]) => {
      const values = Float32Array.from(tensor.dataSync());
      const { shape } = tensor;
      tensor.dispose();
      return { name, shape, values };
    });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'MODEL_PRETRAINED_INVALID') {
      throw cause;
    }
    throw unreadable(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}
