/** Records which TensorFlow operations a function of tensors runs. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { LockstepError } from '../../../../shared/errors.js';
import { tf } from '../../../../shared/model/tfjs.js';
import { KIND, TYPE, type Attribute, type GraphConstant } from './graph.js';
import { withDraws } from './draws.js';
import { withGradients } from './gradients.js';
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
  /** Where in the function each operation and each constant arose; null: not known. */
  readonly places: {
    readonly ops: readonly (string | null)[];
    readonly constants: readonly (string | null)[];
  };
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
 * `place` tells where in the function it is, such as in which layer.
 *
 * Errors: ENGINE_TRACE_REFUSED where the body reads a value, and so may decide by it, and where it
 * draws a random number, which the graph would repeat for ever.
 */
export function trace(
  backend: NodeBackend,
  inputs: readonly Tensor[],
  body: () => readonly Tensor[],
  place: () => string | null,
): Trace {
  const ops: TracedOp[] = [];
  const constants: GraphConstant[] = [];
  const places = { ops: [] as (string | null)[], constants: [] as (string | null)[] };
  const sources = new Map<object, Source>(
    inputs.map((tensor, input) => [tensor.dataId, { kind: 'input', input }]),
  );
  const sourceOf = (tensor: Tensor): Source => {
    const known = sources.get(tensor.dataId);
    if (known !== undefined) return known;
    const source: Source = { kind: 'constant', constant: constants.length };
    constants.push(constantOf(backend, tensor));
    places.constants.push(place());
    sources.set(tensor.dataId, source);
    return source;
  };
  const record = (name: string, attributes: readonly Attribute[], from: Tensor[]) => {
    ops.push({
      name,
      attributes: [...attributes, ...inferred(name, from)],
      inputs: from.map(sourceOf),
    });
    places.ops.push(place());
    return ops.length - 1;
  };
  const original = {
    executeSingleOutput: backend.executeSingleOutput.bind(backend),
    executeMultipleOutputs: backend.executeMultipleOutputs.bind(backend),
  };
  const wrapped: Execute = {
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
  };
  let moves = false;
  const engine = tf.engine();
  const readSync = engine.readSync.bind(engine);
  const moveData = engine.moveData.bind(engine);
  const readsValue = (dataId: object) => {
    if (moves) return readSync(dataId);
    throw refusal(
      'it reads a value of a tensor while it runs, so that one run does not show what it does',
      place(),
    );
  };
  const draws = () => {
    throw refusal('it draws random numbers in JavaScript, which a graph would repeat', place());
  };
  // Reads by the program go through the engine. A kernel's own, which check indices, do not; and a
  // tensor that was in another backend moves to this one when it is used.
  const watched = {
    readSync: readsValue,
    read: readsValue,
    moveData(to: unknown, dataId: object) {
      moves = true;
      moveData(to as never, dataId);
      moves = false;
    },
  };
  Object.assign(backend, wrapped);
  Object.assign(engine, watched);
  try {
    const outputs = withGradients(() => withDraws(draws, body)).map(sourceOf);
    return { outputs, ops, constants, places };
  } finally {
    for (const name of Object.keys(wrapped)) Reflect.deleteProperty(backend, name);
    for (const name of Object.keys(watched)) Reflect.deleteProperty(engine, name);
  }
}

/** `place`: a layer of a model; null: not known, as in gradients. */
export function refusal(reason: string, place: string | null): LockstepError {
  const subject = place === null ? 'The function' : `Layer ${place}`;
  return new LockstepError('ENGINE_TRACE_REFUSED', `${subject} cannot be compiled: ${reason}.`, {
    hint: 'Take sizes from the shapes of tensors, and use operations of TensorFlow.js throughout: no data(), no dataSync(), no random numbers.',
    ...(place !== null && { where: { layer: place } }),
  });
}

/**
 * The one attribute without a default that tfjs-node leaves to TensorFlow to infer, which a graph
 * has to state. Compared with the definitions of all operations that its kernels run.
 */
function inferred(name: string, [first]: readonly Tensor[]): readonly Attribute[] {
  if (name !== 'ExpandDims') return [];
  return [{ name: 'T', type: KIND.type, value: TYPE[first!.dtype as keyof typeof TYPE] }];
}

function constantOf(backend: NodeBackend, tensor: Tensor): GraphConstant {
  // Not through tensor.dataSync(), which is refused while a trace is under way.
  const { shape, dtype, values, id } = backend.tensorMap.get(tensor.dataId);
  const array = values ?? backend.binding.tensorDataSync(id);
  const { buffer, byteOffset, byteLength } = array;
  return { type: dtype, shape, bytes: new Uint8Array(buffer, byteOffset, byteLength).slice() };
}
