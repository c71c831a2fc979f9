/** Records which TensorFlow operations a function of tensors runs. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { LockstepError } from '../../../../shared/errors.js';
import type { Attribute, GraphConstant } from './graph.js';
import type { NodeBackend } from './kernels.js';

/** Where a value comes from: an output of an operation, a constant, or an input of the function. */
export type Source =
  | { readonly kind: 'op'; readonly op: number; readonly output: number }
  | { readonly kind: 'constant'; readonly constant: number }
  | { readonly kind: 'input'; readonly input: number };

export interface TracedOp {
  readonly name: string;
  readonly attributes: readonly Attribute[];
  readonly inputs: readonly Source[];
}

export interface Trace {
  readonly ops: readonly TracedOp[];
  readonly constants: readonly GraphConstant[];
  readonly outputs: readonly Source[];
}

interface Execute {
  executeSingleOutput: (name: string, attributes: Attribute[], inputs: Tensor[]) => Tensor;
  executeMultipleOutputs: (
    name: string,
    attributes: Attribute[],
    inputs: Tensor[],
    outputs: number,
  ) => Tensor[];
}

/**
 * Runs `body` once and records it. Values are known by their `dataId`, which clones and reads of a
 * variable share; one that no recorded operation made, and that is no input, is a constant.
 *
 * Errors: ENGINE_TRACE_REFUSED where the body reads a value, and so may decide by it.
 */
export function trace(
  backend: NodeBackend,
  inputs: readonly Tensor[],
  body: () => readonly Tensor[],
): Trace {
  const ops: TracedOp[] = [];
  const constants: GraphConstant[] = [];
  const sources = new Map<object, Source>(
    inputs.map((tensor, input) => [tensor.dataId, { kind: 'input', input }]),
  );
  const sourceOf = (tensor: Tensor): Source => {
    const known = sources.get(tensor.dataId);
    if (known !== undefined) return known;
    const source: Source = { kind: 'constant', constant: constants.length };
    constants.push(constantOf(backend, tensor));
    sources.set(tensor.dataId, source);
    return source;
  };
  const record = (name: string, attributes: readonly Attribute[], from: Tensor[]) => {
    ops.push({ name, attributes: [...attributes], inputs: from.map(sourceOf) });
    return ops.length - 1;
  };
  const original = {
    executeSingleOutput: backend.executeSingleOutput.bind(backend),
    executeMultipleOutputs: backend.executeMultipleOutputs.bind(backend),
  };
  const wrapped: Execute & { readSync: (dataId: object) => never } = {
    executeSingleOutput(name, attributes, from) {
      const op = record(name, attributes, from);
      const made = original.executeSingleOutput(name, attributes, from);
      sources.set(made.dataId, { kind: 'op', op, output: 0 });
      return made;
    },
    executeMultipleOutputs(name, attributes, from, count) {
      const op = record(name, attributes, from);
      const made = original.executeMultipleOutputs(name, attributes, from, count);
      made.forEach((tensor, output) => sources.set(tensor.dataId, { kind: 'op', op, output }));
      return made;
    },
    readSync() {
      throw new LockstepError(
        'ENGINE_TRACE_REFUSED',
        'The function reads a value of a tensor while it runs, so that one run does not show what it does.',
        { hint: 'Use operations of TensorFlow.js throughout, without data() and dataSync().' },
      );
    },
  };
  Object.assign(backend, wrapped);
  try {
    return { outputs: body().map(sourceOf), ops, constants };
  } finally {
    for (const name of Object.keys(wrapped)) Reflect.deleteProperty(backend, name);
  }
}

function constantOf(backend: NodeBackend, tensor: Tensor): GraphConstant {
  // Not through tensor.dataSync(), which is refused while a trace is under way.
  const { shape, dtype, values, id } = backend.tensorMap.get(tensor.dataId);
  const array = values ?? backend.binding.tensorDataSync(id);
  const { buffer, byteOffset, byteLength } = array;
  return { type: dtype, shape, bytes: new Uint8Array(buffer, byteOffset, byteLength).slice() };
}
