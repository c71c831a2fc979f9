import type { EngineRefusal } from '../engine.js';
import { installStatus, readInstallation } from './install/status.js';

export async function tensorflowAvailability(): Promise<
  { readonly detail: string } | EngineRefusal
> {
  const there = readInstallation(process.env);
  if (there === null) return installStatus(process.env);
  const { tensorflow, binding, devices, folder } = there;
  return {
    detail: `TensorFlow ${tensorflow} with the binding of tfjs-node ${binding}, on ${devices.join(', ')} (${folder})`,
  };
}
