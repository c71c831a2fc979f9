import { createRequire } from 'node:module';

export function referenceAvailability(): Promise<{ readonly detail: string }> {
  const { version } = createRequire(import.meta.url)('@tensorflow/tfjs-core/package.json') as {
    version: string;
  };
  const detail = `TensorFlow.js ${version}, plain JavaScript: slow, for checks and for layers that others lack`;
  return Promise.resolve({ detail });
}
