import { tf } from '../shared/model/tfjs.js';
import { digestOfBytes } from '../coordinator/run-identity.js';
import { resolveConfig } from '../shared/config/resolve.js';
import { OBJECT_MODEL } from '../shared/config/schema.js';
import { LockstepError } from '../shared/errors.js';
import { rowLayout } from '../shared/model/layout.js';
import type { Welcome } from '../shared/wire/session.js';
import type { BlobFetch } from '../worker/cluster/blob-fetch.js';
import { selectEngine } from '../worker/engine/select.js';
import { tellStored } from './data-memory.js';
import { buildProgram, identityOf, type PreparedRun } from './prepare-run.js';
import { receiveData } from './received-data.js';
import { splitData } from './split-data.js';

/** Whom a run is prepared for. */
export interface PreparedFor {
  /** Name of the worker. */
  readonly worker: string;
  readonly threads: number;
  /** The most bytes of images in memory; null: all of them may be. */
  readonly dataMemory?: number | null;
  readonly notice: (text: string) => void;
}

/** A run as a worker prepares it, from what the coordinator has told, and sends. */
export async function prepareWorker(
  welcome: Welcome,
  blobs: BlobFetch,
  { worker, threads, dataMemory = null, notice }: PreparedFor,
): Promise<PreparedRun> {
  const config = resolveConfig(
    { ...welcome.config, model: OBJECT_MODEL, data: null, threads, dataMemory },
    { processors: threads, now: new Date(), cwd: process.cwd() },
  );
  const whole = await receiveData(welcome.data, blobs, { worker, config, notice });
  const initialWeights = new Float32Array(welcome.initialWeights.bytes / 4);
  await blobs.fill(welcome.initialWeights.digest, new Uint8Array(initialWeights.buffer), 0);
  const data = splitData(whole, config);
  tellStored(data, dataMemory, notice);
  const model = await modelOf(welcome.model);
  const layout = rowLayout(model);
  const choice = await selectEngine(config.engine, model);
  const program = await buildProgram(choice, config, { model, layout, module: null }, data.train);
  for (const each of program.notices ?? []) notice(each);
  const weights = digestOfBytes(new Uint8Array(initialWeights.buffer));
  const identity = identityOf(config, data.digest, layout, weights, program);
  return { config, data, model, layout, initialWeights, choice, program, identity };
}

async function modelOf(topology: Welcome['model']): Promise<PreparedRun['model']> {
  try {
    return await tf.loadLayersModel({
      load: () => Promise.resolve({ modelTopology: topology as object }),
    });
  } catch (cause) {
    throw new LockstepError('MODEL_SAVED_INVALID', 'The model of the run cannot be built here.', {
      hint: 'Layers of its own need their module on every worker; built-in ones need the same version.',
      cause,
    });
  }
}
