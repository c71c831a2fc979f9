import { fileURLToPath } from 'node:url';
import { installTensorflow } from '#src/worker/engine/tensorflow/install/install.js';

/** Installs TensorFlow where the tests keep it, once, and makes this process look there. */
export async function useTensorflow(): Promise<void> {
  const cache = fileURLToPath(new URL('../../../.cache/engines', import.meta.url));
  process.env['LOCKSTEP_CACHE'] = cache;
  await installTensorflow({ from: null, env: process.env, say: () => undefined });
}
