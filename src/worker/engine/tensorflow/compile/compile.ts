import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '../../../../shared/model/tfjs.js';
import { savedModel, TYPE, type GraphNode } from './graph.js';
import type { NodeBackend } from './kernels.js';
import { BATCH_SIZES, symbolicGraph, type GraphInput } from './symbolic.js';
import { trace } from './trace.js';

/** An input of a compiled function; in `shape`, −1 is the batch size. */
export interface CompiledInput {
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
}

/** A function of tensors as TensorFlow loads it, for every batch size. */
export interface CompiledFunction {
  /** What the file is made of: a thread that has a device of its own makes another. */
  readonly nodes: readonly GraphNode[];
  /** The bytes of saved_model.pb, for no device: the same in every process. */
  readonly file: Uint8Array;
  readonly inputs: readonly GraphInput[];
  /** Names of the outputs in the graph, with their index: `n12:0`. */
  readonly outputs: readonly string[];
}

/** A variable of the function, which becomes an input of the graph; each run feeds its value. */
export interface CompiledVariable {
  /** Its value now, in TensorFlow.js. */
  readonly value: Tensor;
}

/**
 * Compiles `body`, which runs three times, on zeros, at three batch sizes. The graph's inputs are
 * `inputs`, of which the first has the batch as its first axis, and then `variables`. `place`
 * tells, while it runs, in which layer of a model it is.
 *
 * Errors: ENGINE_TRACE_REFUSED with the reason; and whatever `body` throws.
 */
export async function compileFunction(
  backend: NodeBackend,
  inputs: readonly CompiledInput[],
  variables: readonly CompiledVariable[],
  body: (...inputs: Tensor[]) => readonly Tensor[],
  place: () => string | null = () => null,
): Promise<CompiledFunction> {
  const before = tf.getBackend();
  await tf.setBackend('tensorflow');
  try {
    const traces = BATCH_SIZES.map((batch) =>
      tf.tidy(() => {
        const given = inputs.map(({ dtype, shape }) =>
          tf.tensor(new Float32Array(sizeOf(shape, batch)), fixed(shape, batch), dtype),
        );
        const known = [...given, ...variables.map(({ value }) => value)];
        // Dispose nothing that the trace holds: tidy does when it is whole.
        const recorded = trace(backend, known, () => body(...given), place);
        return recorded as never;
      }),
    );
    const graphInputs = [
      ...inputs.map(({ dtype, shape }, i) => ({ name: `in${i}`, type: TYPE[dtype], shape })),
      ...variables.map(({ value }, i) => ({
        name: `var${i}`,
        type: TYPE[value.dtype as 'float32'],
        shape: value.shape,
      })),
    ];
    const { nodes, outputs } = symbolicGraph(graphInputs, traces);
    const indexed = outputs.map((name) => (name.includes(':') ? name : `${name}:0`));
    return { nodes, file: savedModel(nodes), inputs: graphInputs, outputs: indexed };
  } finally {
    await tf.setBackend(before);
  }
}

function fixed(shape: readonly number[], batch: number): number[] {
  return shape.map((size) => (size === -1 ? batch : size));
}

function sizeOf(shape: readonly number[], batch: number): number {
  return fixed(shape, batch).reduce((product, size) => product * size, 1);
}
