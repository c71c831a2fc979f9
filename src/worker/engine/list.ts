/** Which engines there are here. Loads none of them: a user who asks this waits for it. */
import type { EngineListing } from '../../shared/run-reports.js';
import type { Engine, EngineRefusal, EngineStatus } from './engine.js';
import { referenceAvailability } from './reference/availability.js';
import { tensorflowAvailability } from './tensorflow/availability.js';
import { wasmAvailability } from './wasm/availability.js';

export { installTensorflow } from './tensorflow/install/install.js';

type Listed = Pick<Engine, 'name' | 'availability'>;

/** In the order in which `auto` tries them. */
const LISTED: readonly Listed[] = [
  { name: 'wasm', availability: wasmAvailability },
  { name: 'tensorflow', availability: tensorflowAvailability },
  { name: 'reference', availability: referenceAvailability },
];

/** Engines that this version knows of and cannot train with. */
export const ABSENT: ReadonlyMap<string, EngineRefusal> = new Map([
  [
    'webgpu',
    {
      reason: 'this version has no engine for WebGPU',
      remedy: 'Use --engine wasm, which runs on all processor cores.',
    },
  ],
]);

/** All engines: what is there, what is not, why, and what to do. */
export async function listEngines(
  engines: readonly Listed[] = LISTED,
): Promise<readonly EngineListing[]> {
  const present = engines.map(async ({ name, availability }) =>
    listing(name, await availability()),
  );
  const absent = [...ABSENT].map(([name, refusal]) => listing(name, refusal));
  return [...(await Promise.all(present)), ...absent];
}

function listing(name: string, status: EngineStatus | EngineRefusal): EngineListing {
  return 'reason' in status
    ? { name, available: false, detail: status.reason, remedy: status.remedy, gpus: null }
    : { name, available: true, detail: status.detail, remedy: null, gpus: status.gpus ?? null };
}
