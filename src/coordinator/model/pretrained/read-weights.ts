import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockstepError } from '../../../shared/errors.js';
import { findSavedModel } from '../load-saved-model.js';
import { unreadable, type NamedTensor } from './named-tensor.js';
import { readHdf5 } from './read-hdf5.js';
import { readTfjsWeights } from './read-tfjs.js';
import { unzipFile } from './unzip.js';

/** Where a .keras file has its weights. */
const IN_KERAS = 'model.weights.h5';

/**
 * All weights of a file: a model.json of TensorFlow.js, its folder, the folder of a run, or a .h5,
 * .weights.h5 or .keras file.
 *
 * Errors: MODEL_PRETRAINED_INVALID.
 */
export async function readWeightsFile(path: string): Promise<readonly NamedTensor[]> {
  if (!existsSync(path)) throw unreadable(path, 'there is no such file or folder');
  try {
    return await readKnown(path);
  } catch (cause) {
    if (cause instanceof LockstepError) throw cause;
    throw unreadable(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

async function readKnown(path: string): Promise<readonly NamedTensor[]> {
  if (/\.(h5|hdf5)$/i.test(path)) return readHdf5(path);
  if (/\.keras$/i.test(path)) return readKeras(path);
  const saved = findSavedModel(path);
  if (saved === null) throw unreadable(path, 'it is none of the files that are known');
  return readTfjsWeights(saved);
}

/** What is packed in the archive is read from a file of its own. */
async function readKeras(path: string): Promise<readonly NamedTensor[]> {
  const weights = weightsInside(path, await readFile(path));
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-'));
  try {
    const file = join(folder, IN_KERAS);
    await writeFile(file, weights);
    return await readHdf5(file, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function weightsInside(path: string, archive: Buffer): Buffer {
  const found = unzipFile(archive, IN_KERAS);
  if (found === null) throw unreadable(path, `there is no ${IN_KERAS} in it`);
  return found;
}
