import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Binding } from '#src/worker/engine/tensorflow/binding.js';
import { nodeBackend, type NodeBackend } from '#src/worker/engine/tensorflow/compile/kernels.js';
import { KERNELS } from '#src/worker/engine/tensorflow/install/binding.js';
import {
  installTensorflow,
  type Installation,
} from '#src/worker/engine/tensorflow/install/install.js';
import { openLibrary } from '#src/worker/engine/tensorflow/open-library.js';

/** Makes this process look for engines where the tests keep them. */
export function useEngineCache(): void {
  const cache = fileURLToPath(new URL('../../../.cache/engines', import.meta.url));
  process.env['LOCKSTEP_CACHE'] = cache;
}

/** Installs TensorFlow where the tests keep it, once, and makes this process look there. */
export async function useTensorflow(): Promise<Installation> {
  useEngineCache();
  return installTensorflow({ from: null, env: process.env, say: () => undefined });
}

/** The same, loaded into this process. */
export async function tensorflowForTests(): Promise<{
  readonly binding: Binding;
  readonly backend: NodeBackend;
  /** Of the installation. */
  readonly folder: string;
}> {
  await useTensorflow();
  const use = { gpus: [], fastMath: false };
  const { binding, installation } = await openLibrary(process.env, use);
  const { folder } = installation;
  return { binding, backend: nodeBackend(join(folder, KERNELS), binding), folder };
}
