import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { tf } from '../../../shared/model/tfjs.js';
import type { BuildRequest, BuiltProgram, Engine } from '../engine.js';
import { refusal } from '../coverage.js';
import { nodeBackend } from './compile/kernels.js';
import { compileModel } from './functions.js';
import { KERNELS } from './install/binding.js';
import { installStatus, readInstallation } from './install/status.js';
import { loadBinding } from './load-binding.js';
import type { TensorflowProgram } from './program.js';

/** Raised with whatever changes this engine's bits beside the graphs. */
const REVISION = 1;

/**
 * The training step as one TensorFlow graph, made of what TensorFlow.js runs. Each compute thread
 * has a session, which computes in that thread alone. Its bits hold per version and processor.
 */
export const tensorflowEngine: Engine = {
  name: 'tensorflow',
  module: new URL('./load.js', import.meta.url).href,
  patienceSeconds: 600,
  sharesMicroBatches: false,

  availability() {
    const there = readInstallation(process.env);
    if (there === null) return Promise.resolve(installStatus(process.env));
    const { tensorflow, binding, devices, folder } = there;
    return Promise.resolve({
      detail: `TensorFlow ${tensorflow} with the binding of tfjs-node ${binding}, on ${devices.join(', ')} (${folder})`,
    });
  },

  refuses: refusal,

  async build(request: BuildRequest): Promise<BuiltProgram> {
    // TensorFlow reads it when the library is loaded; it greets at every start otherwise.
    process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
    const { binding, installation } = loadBinding(process.env);
    const backend = nodeBackend(join(installation.folder, KERNELS), binding);
    const { layout, image, classes, seed, microBatch } = request;
    const model = await copyOf(request.model);
    const compiled = await compileModel(backend, model, request);
    model.dispose();
    const payload: TensorflowProgram = {
      ...compiled,
      ...{ layout, classes, seed, microBatch },
      imageLength: image.height * image.width * image.channels,
    };
    const { step, inference, sites } = compiled;
    const files = [step, inference].map(({ file, inputs, outputs }) => [
      createHash('sha256').update(file).digest('hex'),
      inputs,
      outputs,
    ]);
    const versions = [REVISION, binding.TF_Version, installation.devices];
    const identity = JSON.stringify([versions, files, sites, layout, classes, seed]);
    return {
      engine: 'tensorflow',
      payload,
      digest: createHash('sha256').update(identity).digest('hex'),
      memory: { sharedBytes: 0, threadBytes: 0 },
    };
  },
};

/** Compiling takes the last softmax away from the model. Weights do not matter to it. */
function copyOf(model: LayersModel): Promise<LayersModel> {
  return tf.models.modelFromJSON(JSON.parse(model.toJSON() as string) as never);
}
