/** tfjs-node's kernels on Lockstep's copy of TensorFlow.js and its own compiled binding. */
import { createRequire } from 'node:module';
import Module from 'node:module';
import * as util from 'node:util';
import { join } from 'node:path';
import type { KernelBackend, Tensor } from '@tensorflow/tfjs-core';
import { tf } from '../../../../shared/model/tfjs.js';
import type { Binding } from '../binding.js';
import type { Attribute } from './graph.js';

/** The part of tfjs-node's backend that tracing looks into. */
export interface NodeBackend extends KernelBackend {
  readonly binding: Binding;
  readonly tensorMap: {
    get(dataId: object): {
      readonly shape: readonly number[];
      readonly dtype: number;
      readonly values: Float32Array | Int32Array | Uint8Array | null;
      readonly id: number;
    };
  };
  executeSingleOutput(name: string, attributes: Attribute[], inputs: Tensor[]): Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: Attribute[],
    inputs: Tensor[],
    outputs: number,
  ): Tensor[];
}

const BACKEND = 'tensorflow';
const load = createRequire(import.meta.url);

/**
 * Registers the backend in Lockstep's copy of TensorFlow.js, once for the process. `package_`: the
 * folder of @tensorflow/tfjs-node-gpu, whose entry is never loaded: it looks for a binding of its own.
 */
export function nodeBackend(package_: string, binding: Binding): NodeBackend {
  const there = tf.findBackend(BACKEND) as NodeBackend | null;
  if (there !== null) return there;
  const { NodeJSKernelBackend } = withOwnTensorflow(() => {
    const module = load(join(package_, 'dist', 'nodejs_kernel_backend.js')) as {
      readonly NodeJSKernelBackend: new (binding: Binding, name: string) => NodeBackend;
    };
    load(join(package_, 'dist', 'register_all_kernels.js'));
    return module;
  });
  tf.registerBackend(BACKEND, () => new NodeJSKernelBackend(binding, 'lockstep'), 0);
  return tf.findBackend(BACKEND) as NodeBackend;
}

/**
 * While `body` loads modules, `@tensorflow/tfjs` and its core mean Lockstep's copy: the
 * package lies in the user's cache, from where no other would be found. The package's messages for
 * TensorBoard, which need google-protobuf, are left out; and it calls a function of `util` that
 * Node 23 took away.
 */
function withOwnTensorflow<T>(body: () => T): T {
  const loader = Module as unknown as { _load: (request: string, ...rest: unknown[]) => unknown };
  const original = loader._load;
  loader._load = function (request, ...rest) {
    if (/^@tensorflow\/tfjs(-core)?$/.test(request)) return tf;
    if (request === './proto/api_pb') return {};
    if (request === 'util')
      return { ...util, isNullOrUndefined: (value: unknown) => (value ?? null) === null };
    return original.call(this, request, ...rest);
  };
  try {
    return body();
  } finally {
    loader._load = original;
  }
}
