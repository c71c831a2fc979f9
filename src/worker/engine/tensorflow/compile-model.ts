import type { Tensor } from '@tensorflow/tfjs-core';
import { LockstepError } from '../../../shared/errors.js';
import { tf } from '../../../shared/model/tfjs.js';
import { compileFunction, type CompiledInput } from './compile/compile.js';
import { withDraws } from './compile/draws.js';
import type { NodeBackend } from './compile/kernels.js';
import type { ModelFunctions } from './functions.js';
import type { Computation } from './program.js';

export interface CompiledModel {
  readonly step: Computation;
  readonly inference: Computation;
}

/**
 * Compiles step and inference, each if it can be.
 *
 * Errors: ENGINE_MODEL_REFUSED where TensorFlow.js itself cannot compute one of them.
 */
export async function compileModel(
  backend: NodeBackend,
  functions: ModelFunctions,
): Promise<CompiledModel> {
  const { stepInputs, inferenceInputs, step, inference } = functions;
  return {
    step: await computation(backend, functions, stepInputs, step as Body),
    inference: await computation(backend, functions, inferenceInputs, inference as Body),
  };
}

type Body = (...inputs: Tensor[]) => readonly Tensor[];

async function computation(
  backend: NodeBackend,
  functions: ModelFunctions,
  inputs: readonly CompiledInput[],
  body: Body,
): Promise<Computation> {
  const variables = functions.weights.map((weight) => ({ value: weight.read() }));
  try {
    const compiled = await compileFunction(backend, inputs, variables, body, functions.place);
    return { kind: 'compiled', compiled };
  } catch (error) {
    if (!(error instanceof LockstepError) || error.code !== 'ENGINE_TRACE_REFUSED') {
      throw broken(functions.place(), error);
    }
    functions.release();
    await tryOnce(functions, inputs, body);
    return { kind: 'op by op', reason: error.message };
  } finally {
    functions.release();
  }
}

/** On zeros: what TensorFlow.js cannot compute is told before a thread is started. */
async function tryOnce(
  functions: ModelFunctions,
  inputs: readonly CompiledInput[],
  body: Body,
): Promise<void> {
  const before = tf.getBackend();
  await tf.setBackend('tensorflow');
  try {
    tf.tidy(() => {
      const given = inputs.map(({ dtype, shape }) =>
        tf.zeros(
          shape.map((size) => (size === -1 ? 2 : size)),
          dtype,
        ),
      );
      withDraws(
        () => 0.5,
        () => body(...given),
      );
    });
  } catch (error) {
    throw broken(functions.place(), error);
  } finally {
    await tf.setBackend(before);
  }
}

function broken(place: string | null, cause: unknown): LockstepError {
  const subject = place === null ? 'a gradient of the model' : `layer ${place}`;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new LockstepError(
    'ENGINE_MODEL_REFUSED',
    `Engine tensorflow does not take the model: TensorFlow.js cannot compute ${subject}: ${message}`,
    { hint: 'Use another layer, or other options of it.', cause },
  );
}
