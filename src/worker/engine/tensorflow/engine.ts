import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LockstepError } from '../../../shared/errors.js';
import { tf } from '../../../shared/model/tfjs.js';
import { tensorflowRefusal } from '../coverage.js';
import type { BuildRequest, BuiltProgram, Engine } from '../engine.js';
import { layerIdentity } from '../layer-identity.js';
import { tensorflowAvailability } from './availability.js';
import { compileModel } from './compile-model.js';
import { nodeBackend } from './compile/kernels.js';
import { modelFunctions } from './functions.js';
import { hardwareIdentity, numbersOf } from './gpu/choose.js';
import { gpusFor, offeredGpus } from './gpu/offer.js';
import { KERNELS } from './install/binding.js';
import { openLibrary } from './open-library.js';
import type { Computation, TensorflowProgram } from './program.js';

/** Of a thread: random words of dropout masks, before they are masks. */
const SCRATCH_BYTES = 64;

/** Raised with whatever changes this engine's bits beside the graphs. */
const REVISION = 3;

/**
 * The training step as one TensorFlow graph, made of what TensorFlow.js runs. Each compute thread
 * has a session, which computes in that thread alone. Its bits hold per version and processor.
 */
export const tensorflowEngine: Engine = {
  name: 'tensorflow',
  module: new URL('./load.js', import.meta.url).href,
  patienceSeconds: 600,
  sharesMicroBatches: false,

  availability: tensorflowAvailability,

  async gpus(wish, fastMath) {
    const offer = await offeredGpus(wish, fastMath, process.env);
    if ('reason' in offer) return offer;
    const { gpus } = offer;
    return { detail: `${numbersOf(gpus)} (${gpus[0]!.name})` };
  },

  refuses: tensorflowRefusal,

  async build(request: BuildRequest): Promise<BuiltProgram> {
    const { fastMath, gpus: wish = null } = request;
    const { gpus, notices } = await gpusFor(wish, fastMath, process.env);
    const library = await openLibrary(process.env, { gpus, fastMath });
    const { binding, installation, devices } = library;
    const backend = nodeBackend(join(installation.folder, KERNELS), binding);
    const { layout, image, classes, labelSmoothing, seed, microBatch, modelModule } = request;
    const model = await copyOf(request.model);
    const shape = { layout, image, classes, labelSmoothing };
    const functions = modelFunctions(model, shape);
    const { step, inference } = await compileModel(backend, functions);
    model.dispose();
    const isCompiled = step.kind === 'compiled' && inference.kind === 'compiled';
    const payload: TensorflowProgram = {
      ...{ ...shape, step, inference, microBatch, seed, sites: functions.sites },
      ...{ variant: installation.cuda === null ? 'cpu' : 'cuda', devices },
      layers: isCompiled
        ? null
        : { topology: request.model.toJSON() as string, module: modelModule ?? null },
    };
    const versions = [REVISION, binding.TF_Version];
    const computed = [step, inference].map((each) => identityOf(each, request.model));
    const identity = [versions, computed, functions.sites, layout, classes, labelSmoothing, seed];
    return {
      engine: 'tensorflow',
      payload,
      digest: sha256(JSON.stringify(identity)),
      memory: { sharedBytes: 0, threadBytes: SCRATCH_BYTES },
      notices: [...noticesOf(step, inference), ...notices],
      ...(gpus.length > 0 && { threads: gpus.length }),
      ...(gpus.some(({ isVirtual }) => !isVirtual) && {
        hardware: hardwareIdentity(gpus[0]!, installation.cuda),
      }),
    };
  },
};

/**
 * What decides the bits of a function: its graph, or else the layers, and the JavaScript engine,
 * which computes what TensorFlow does not.
 */
function identityOf(computation: Computation, model: LayersModel): unknown {
  if (computation.kind === 'compiled') {
    const { file, inputs, outputs } = computation.compiled;
    return [sha256(file), inputs, outputs];
  }
  return [layerIdentity(model), tf.version_core, process.versions.v8];
}

function noticesOf(step: Computation, inference: Computation): readonly string[] {
  const same =
    'Weights are still the same for any number of threads, on one version of Node; not where a layer keeps a state of its own between batches, or reads a clock.';
  if (step.kind === 'op by op') {
    return [`${step.reason} The training step runs op by op, which takes longer. ${same}`];
  }
  if (inference.kind === 'op by op') {
    return [`${inference.reason} Evaluation runs op by op, which takes longer.`];
  }
  return [];
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Compiling takes the last softmax away from the model. Weights do not matter to it. */
async function copyOf(model: LayersModel): Promise<LayersModel> {
  try {
    return await tf.models.modelFromJSON(JSON.parse(model.toJSON() as string) as never);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
    throw new LockstepError(
      'ENGINE_MODEL_REFUSED',
      `Engine tensorflow does not take the model: it cannot be built again from its JSON: ${message}`,
      {
        hint: 'A layer of your own needs getConfig() with all of its options, a static className, and tf.serialization.registerClass(…) with the tf of Lockstep.',
        cause,
      },
    );
  }
}
