import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { tf } from '../../../../shared/model/tfjs.js';
import { BATCH_SIZES } from './symbolic.js';
import type { CompiledInput } from './compile.js';
import type { NodeBackend } from './kernels.js';
import { refusal, trace, type Source } from './trace.js';

/**
 * The variables of TensorFlow.js that a function reads, of all that there are, found by one run.
 * What the run did to variables is undone.
 *
 * Errors: ENGINE_TRACE_REFUSED where it assigns to one, or makes one; and those of `trace`.
 */
export async function usedVariables(
  backend: NodeBackend,
  inputs: readonly CompiledInput[],
  body: (...inputs: Tensor[]) => readonly Tensor[],
): Promise<readonly Variable[]> {
  const registered = tf.engine().registeredVariables;
  const all = Object.values(registered).filter(
    ({ dtype }) => dtype === 'float32' || dtype === 'int32',
  );
  const before = tf.getBackend();
  await tf.setBackend('tensorflow');
  const kept = all.map((variable) => tf.keep(tf.clone(variable)));
  const ids = all.map(({ dataId }) => dataId);
  try {
    const { ops, outputs } = tf.tidy(() => {
      const given = inputs.map(({ shape, dtype }) =>
        tf.zeros(
          shape.map((size) => (size === -1 ? BATCH_SIZES[0] : size)),
          dtype,
        ),
      );
      return trace(
        backend,
        [...given, ...all],
        () => body(...given),
        () => null,
      ) as never;
    }) as ReturnType<typeof trace>;
    const assigned = all.find(({ dataId }, i) => dataId !== ids[i]);
    if (assigned !== undefined) {
      throw refusal(
        `it assigns to the variable ${assigned.name}; give its new value instead`,
        null,
      );
    }
    const made = Object.values(registered).find((variable) => !all.includes(variable));
    if (made !== undefined && (made.dtype === 'float32' || made.dtype === 'int32')) {
      made.dispose();
      throw refusal(`it makes the variable ${made.name}; make it before`, null);
    }
    const sources: Source[] = [...ops.flatMap((op) => op.inputs), ...outputs];
    const read = new Set(sources.map((source) => (source.kind === 'input' ? source.input : -1)));
    return all.filter((_, i) => read.has(inputs.length + i));
  } finally {
    all.forEach((variable, i) => {
      if (variable.dataId !== ids[i]) variable.assign(kept[i]!);
      kept[i]!.dispose();
    });
    await tf.setBackend(before);
  }
}
