/** A model's functions in TensorFlow.js itself, operation after operation, in a compute thread. */
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '../../../shared/model/tfjs.js';
import type { Binding } from './binding.js';
import { withDraws } from './compile/draws.js';
import { nodeBackend } from './compile/kernels.js';
import type { Computer } from './computer.js';
import { modelFunctions } from './functions.js';
import { KERNELS } from './install/binding.js';
import type { ModelSource, TensorflowProgram } from './program.js';

/** Once for a thread. `folder`: of the installation. */
export async function opByOp(
  binding: Binding,
  folder: string,
  program: TensorflowProgram,
  source: ModelSource,
): Promise<{ readonly step: Computer; readonly inference: Computer }> {
  nodeBackend(join(folder, KERNELS), binding);
  await tf.setBackend('tensorflow');
  await registerLayers(source.module, program);
  const model = await tf.models.modelFromJSON(JSON.parse(source.topology) as never);
  const functions = modelFunctions(model, program);
  const computer = (
    declared: typeof functions.stepInputs,
    body: (...inputs: Tensor[]) => readonly Tensor[],
  ): Computer => ({
    run(size, inputs, outputs, draw) {
      tf.tidy(() => {
        const given = declared.map(({ dtype, shape }, i) =>
          tf.tensor(
            inputs[i]!,
            shape.map((each) => (each === -1 ? size : each)),
            dtype,
          ),
        );
        functions.weights.forEach((weight, i) => {
          const values = inputs[declared.length + i]!;
          weight.write(tf.tensor(values, weight.shape as number[], 'float32'));
        });
        const made = withDraws(draw, () => body(...given));
        made.forEach((tensor, i) => {
          outputs[i]!.set(tensor.dataSync<'float32'>());
        });
        functions.release();
      });
    },
  });
  return {
    step: computer(functions.stepInputs, functions.step as never),
    inference: computer(functions.inferenceInputs, functions.inference as never),
  };
}

/** Runs the user's module, and the function that it exports, so that its layers are known here. */
async function registerLayers(
  module: string | null,
  { image, classes }: TensorflowProgram,
): Promise<void> {
  if (module === null) return;
  const { default: build } = (await import(module)) as { default?: unknown };
  if (typeof build !== 'function') return;
  await (build as (request: object) => unknown)({ image, classes, tf });
}
