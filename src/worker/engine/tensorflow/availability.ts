import type { EngineRefusal, EngineStatus } from '../engine.js';
import { chooseGpus } from './gpu/choose.js';
import { listGpus } from './gpu/listing.js';
import { describeGpus } from './gpu/offer.js';
import { installationFor, installStatus } from './install/status.js';

export async function tensorflowAvailability(): Promise<EngineStatus | EngineRefusal> {
  const { env } = process;
  const there = installationFor(env, []);
  if (there === null) {
    const gpus = chooseGpus(await listGpus(env), null, env);
    return installStatus(env, !('reason' in gpus));
  }
  const { tensorflow, binding, folder } = there;
  const gpus = await describeGpus(env);
  const devices = gpus?.remedy === null ? 'CPU and GPU' : 'CPU';
  return {
    detail: `TensorFlow ${tensorflow} with the binding of tfjs-node ${binding}, on ${devices} (${folder})`,
    ...(gpus !== null && { gpus }),
  };
}
