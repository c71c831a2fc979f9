/** `compile(fn)`: any function of tensors as a TensorFlow graph, for programs of their own. */
import { join } from 'node:path';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { LockstepError } from '../../../shared/errors.js';
import { tf } from '../../../shared/model/tfjs.js';
import { compileFunction, type CompiledFunction, type CompiledInput } from './compile/compile.js';
import { nodeBackend, type NodeBackend } from './compile/kernels.js';
import { Session } from './compile/session.js';
import { refusal } from './compile/trace.js';
import { usedVariables } from './compile/used-variables.js';
import type { Values } from './computer.js';
import { KERNELS } from './install/binding.js';
import { openLibrary } from './open-library.js';

/** What a compiled function gives: one tensor, or several in a list or by name. */
export type Tensors = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;

/** An argument of a compiled function. */
export interface InputSpec {
  /** null is the batch size: the same in all inputs, and the first axis of the first. */
  readonly shape: readonly (number | null)[];
  /** float32 if left out. */
  readonly dtype?: 'float32' | 'int32';
}

export interface CompileOptions {
  /** In the order of the function's arguments. */
  readonly inputs: readonly InputSpec[];
}

/** A function as a graph. Its session computes in the thread that calls, alone. */
export interface Compiled<R extends Tensors> {
  /**
   * The function's value, in the form that it has: new tensors, which the caller disposes.
   * Arguments are tensors of the shapes that were given, or typed arrays of their elements.
   * Variables have the values that they have at this moment.
   *
   * Errors: COMPILED_ARGUMENT.
   */
  run(...inputs: readonly (Tensor | Float32Array | Int32Array)[]): R;
  /** The variables that the function reads, which were found while it was compiled. */
  readonly variables: readonly Variable[];
  /** The bytes of a saved_model.pb (tag `serve`): the same for the same function. */
  readonly file: Uint8Array;
  dispose(): void;
}

/**
 * Compiles a function of tensors, which runs four times on zeros meanwhile, at several batch sizes.
 * It may take gradients (`tf.variableGrads`), and reads variables, but does not change them.
 *
 * Errors: ENGINE_UNAVAILABLE where TensorFlow is not installed; ENGINE_TRACE_REFUSED with the
 * reason; COMPILED_ARGUMENT; and whatever the function throws.
 */
export async function compile<R extends Tensors>(
  fn: (...inputs: Tensor[]) => R,
  options: CompileOptions,
): Promise<Compiled<R>> {
  const inputs = options.inputs.map(checked);
  const use = { gpus: [], fastMath: false };
  const { binding, installation } = await openLibrary(process.env, use);
  const backend = nodeBackend(join(installation.folder, KERNELS), binding);
  let keys: readonly string[] | null = null;
  const body = (...given: Tensor[]): readonly Tensor[] => {
    const value = fn(...given);
    const parts = partsOf(value);
    keys = value instanceof tf.Tensor ? null : Object.keys(value);
    return parts;
  };
  const variables = await usedVariables(backend, inputs, body);
  const compiled = await compileFunction(
    backend,
    inputs,
    variables.map((value) => ({ value })),
    body,
  );
  return new CompiledCall<R>(backend, compiled, inputs, variables, formOf<R>(keys));
}

class CompiledCall<R extends Tensors> implements Compiled<R> {
  readonly #session: Session;
  readonly #inputs: readonly CompiledInput[];
  readonly #form: (parts: Tensor[]) => R;
  readonly variables: readonly Variable[];
  readonly file: Uint8Array;

  constructor(
    { binding }: NodeBackend,
    compiled: CompiledFunction,
    inputs: readonly CompiledInput[],
    variables: readonly Variable[],
    form: (parts: Tensor[]) => R,
  ) {
    this.#session = new Session(binding, compiled);
    this.#inputs = inputs;
    this.#form = form;
    this.variables = variables;
    this.file = compiled.file;
  }

  run(...given: readonly (Tensor | Float32Array | Int32Array)[]): R {
    const inputs = this.#inputs;
    if (given.length !== inputs.length) {
      throw misfit(`It takes ${inputs.length} arguments and got ${given.length}.`);
    }
    const arrays = given.map((each, i) => valuesOf(each, inputs[i]!, i));
    let batch: number | null = null;
    arrays.forEach((array, i) => {
      const { shape } = inputs[i]!;
      const fixed = shape.reduce((product, size) => product * Math.abs(size), 1);
      const size = shape.includes(-1) ? array.length / fixed : null;
      const fits = size === null ? array.length === fixed : Number.isInteger(size) && size > 0;
      if (!fits || (size !== null && batch !== null && size !== batch)) {
        const wanted = batch === null ? 'any number of' : `${batch}`;
        throw misfit(
          `Argument ${i} has ${array.length} elements; its shape is [${shapeText(shape)}], for ${wanted} samples.`,
        );
      }
      batch ??= size;
    });
    const weights = this.variables.map((variable) => variable.dataSync() as Values);
    const made = this.#session.call(batch ?? 1, [...arrays, ...weights]);
    return this.#form(made.map(({ values, shape, dtype }) => tf.tensor(values, [...shape], dtype)));
  }

  dispose(): void {
    this.#session.close();
  }
}

/** The form of the function's value, from the names of its parts. */
function formOf<R extends Tensors>(keys: readonly string[] | null): (parts: Tensor[]) => R {
  if (keys === null) return (parts) => parts[0] as R;
  if (keys.every((key, i) => key === String(i))) return (parts) => parts as unknown as R;
  return (parts) => Object.fromEntries(keys.map((key, i) => [key, parts[i]!])) as unknown as R;
}

function partsOf(value: unknown): readonly Tensor[] {
  if (value instanceof tf.Tensor) return [value];
  if (value instanceof Promise) {
    throw refusal('it is asynchronous; a graph is made of one run from begin to end', null);
  }
  const parts: unknown[] = typeof value === 'object' && value !== null ? Object.values(value) : [];
  if (parts.length === 0 || !parts.every((part) => part instanceof tf.Tensor)) {
    throw refusal('it does not give a tensor, a list of tensors, or tensors by name', null);
  }
  return parts as readonly Tensor[];
}

function checked({ shape, dtype = 'float32' }: InputSpec, index: number): CompiledInput {
  const isSize = (size: number | null, axis: number) =>
    size === null ? axis === 0 : Number.isInteger(size) && size > 0;
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw misfit(
      `Input ${index} has the shape ${JSON.stringify(shape)}; sizes are whole numbers above 0, and the first may be null, for the batch.`,
    );
  }
  if (!['float32', 'int32'].includes(dtype)) {
    throw misfit(`Input ${index} has the dtype ${dtype}; it may be float32 or int32.`);
  }
  return { dtype, shape: shape.map((size: number | null) => size ?? -1) };
}

function valuesOf(
  given: Tensor | Float32Array | Int32Array,
  { shape, dtype }: CompiledInput,
  index: number,
): Values {
  if (given instanceof tf.Tensor) {
    const fits =
      given.rank === shape.length &&
      shape.every((size, axis) => size === -1 || size === given.shape[axis]);
    if (!fits || given.dtype !== dtype) {
      throw misfit(
        `Argument ${index} is ${given.dtype} [${given.shape.join(', ')}]; it should be ${dtype} [${shapeText(shape)}].`,
      );
    }
    return given.dataSync<'float32'>();
  }
  const wanted = dtype === 'float32' ? Float32Array : Int32Array;
  if (given instanceof wanted) return given;
  throw misfit(`Argument ${index} should be a tensor, or a ${wanted.name}.`);
}

function shapeText(shape: readonly number[]): string {
  return shape.map((size) => (size === -1 ? 'batch' : size)).join(', ');
}

function misfit(message: string): LockstepError {
  return new LockstepError('COMPILED_ARGUMENT', message, {
    hint: 'Give what `inputs` of compile() says.',
  });
}
