import { availableParallelism } from 'node:os';
import { tf } from '../shared/model/tfjs.js';
import { digestOfBytes } from '../coordinator/run-identity.js';
import { isBuiltIn } from '../shared/config/rules.js';
import { resolveConfig } from '../shared/config/resolve.js';
import { gpuWishOf, gpuWishText, workerGpus, type GpuWish } from '../shared/config/gpus.js';
import { OBJECT_MODEL, type ConfigInput } from '../shared/config/schema.js';
import { LockstepError } from '../shared/errors.js';
import { rowLayout } from '../shared/model/layout.js';
import type { Welcome } from '../shared/wire/session.js';
import type { BlobFetch } from '../worker/cluster/blob-fetch.js';
import { ENGINES, selectEngine } from '../worker/engine/select.js';
import { tellStored } from './data-memory.js';
import { buildProgram, identityOf, settled, type PreparedRun } from './prepare-run.js';
import { receiveData } from './received-data.js';
import { splitData } from './split-data.js';

/** Whom a run is prepared for. */
export interface PreparedFor {
  /** Name of the worker. */
  readonly worker: string;
  /** null: as many as there are processors; or GPUs, where the engine computes on them. */
  readonly threads: number | null;
  /** null: the engine of the run. */
  readonly engine: ConfigInput['engine'] | null;
  /** null: where the run computes on GPUs, all that its engine can use; else none. */
  readonly gpus: GpuWish;
  /** The most bytes of images in memory; null: all of them may be. */
  readonly dataMemory?: number | null;
  /** Mebibytes for what frozen layers compute; null: as many as the run has. */
  readonly keepFeatures?: number | null;
  readonly notice: (text: string) => void;
}

/** A run as a worker prepares it, from what the coordinator has told, and sends. */
export async function prepareWorker(
  welcome: Welcome,
  blobs: BlobFetch,
  { worker, threads, engine, gpus, dataMemory = null, keepFeatures = null, notice }: PreparedFor,
): Promise<PreparedRun> {
  const onGpus = Object.keys(welcome.identity).some((name) => /^hardware /.test(name));
  // Its options belong to a model's name; what else it may be is a path on the coordinator's machine.
  const name = String(welcome.config['model']);
  const asked = resolveConfig(
    {
      ...{ ...welcome.config, model: isBuiltIn(name) ? name : OBJECT_MODEL },
      ...{ data: null, threads, dataMemory },
      ...(engine !== null && { engine }),
      ...(keepFeatures !== null && { keepFeatures }),
      gpus: gpuWishText(workerGpus(gpus, engine, onGpus)),
    },
    { processors: availableParallelism(), now: new Date(), cwd: process.cwd() },
  );
  const whole = await receiveData(welcome.data, blobs, { worker, config: asked, notice });
  const initialWeights = new Float32Array(welcome.initialWeights.bytes / 4);
  await blobs.fill(welcome.initialWeights.digest, new Uint8Array(initialWeights.buffer), 0);
  const data = splitData(whole, asked);
  tellStored(data, dataMemory, notice);
  const model = await modelOf(welcome.model);
  const layout = rowLayout(model);
  const choice = await selectEngine(asked.engine, model, ENGINES, {
    gpus: gpuWishOf(asked.gpus),
    fastMath: asked.fastMath,
  });
  const program = await buildProgram(choice, asked, { model, layout, module: null }, data.train);
  const config = settled(asked, threads, program);
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
