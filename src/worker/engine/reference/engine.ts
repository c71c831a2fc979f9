import { createHash } from 'node:crypto';
import { tf } from '../../../shared/model/tfjs.js';
import type { BuildRequest, BuiltProgram, Engine } from '../engine.js';
import { referenceRefusal } from '../coverage.js';
import { layerIdentity } from '../layer-identity.js';
import { referenceAvailability } from './availability.js';
import type { ReferenceProgram } from './program.js';

/** Raised with whatever changes this engine's bits. */
const REVISION = 1;

/**
 * TensorFlow.js's plain CPU backend, op by op: slow and obvious, the oracle for the others. Its
 * bits hold per version of TensorFlow.js and of the JavaScript engine, whose exp and log it uses.
 */
export const referenceEngine: Engine = {
  name: 'reference',
  module: new URL('./load.js', import.meta.url).href,
  patienceSeconds: 7200,
  sharesMicroBatches: false,

  availability: referenceAvailability,

  refuses: referenceRefusal,

  build(request: BuildRequest): Promise<BuiltProgram> {
    const program: ReferenceProgram = {
      topology: request.model.toJSON() as string,
      layout: request.layout,
      image: request.image,
      classes: request.classes,
      seed: request.seed,
      labelSmoothing: request.labelSmoothing,
    };
    return Promise.resolve({
      engine: 'reference',
      payload: program,
      digest: digestOf(request),
      memory: { sharedBytes: 0, threadBytes: 0 },
    });
  },
};

/** Over what decides the bits. */
function digestOf(request: BuildRequest): string {
  const { model, layout, image, classes, seed, labelSmoothing } = request;
  const identity = [
    REVISION,
    tf.version_core,
    layerIdentity(model),
    layout,
    image,
    classes,
    seed,
    labelSmoothing,
  ];
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
}
