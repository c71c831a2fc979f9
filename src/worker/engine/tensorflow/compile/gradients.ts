import type { GradConfig, Tensor } from '@tensorflow/tfjs-core';
import { tf } from '../../../../shared/model/tfjs.js';

/**
 * Gradients that take the same operations for every batch size, where those of TensorFlow.js do not.
 * Tile's there is a slice for each repetition, added up one by one.
 */
const GRADIENTS: readonly GradConfig[] = [
  {
    kernelName: 'Tile',
    inputsToSave: ['x'],
    gradFunc(dy, [x], attributes) {
      const { reps } = attributes as unknown as { readonly reps: readonly number[] };
      return { x: () => tileGradient(dy as Tensor, x!.shape, reps) };
    },
  },
];

/** dy [r₀·d₀, r₁·d₁, …] seen as [r₀, d₀, r₁, d₁, …] and summed over the repetitions: [d₀, d₁, …]. */
function tileGradient(dy: Tensor, shape: readonly number[], reps: readonly number[]): Tensor {
  const parted: number[] = [];
  const repeated: number[] = [];
  shape.forEach((size, axis) => {
    if (reps[axis] !== 1) {
      repeated.push(parted.length);
      parted.push(reps[axis]!);
    }
    parted.push(size);
  });
  return repeated.length === 0 ? dy : tf.sum(tf.reshape(dy, parted), repeated);
}

/** Runs `body` with these gradients in the place of those of TensorFlow.js. */
export function withGradients<T>(body: () => T): T {
  const own = GRADIENTS.map(({ kernelName }) => tf.getGradient(kernelName));
  for (const gradient of GRADIENTS) tf.registerGradient(gradient);
  try {
    return body();
  } finally {
    for (const gradient of own) tf.registerGradient(gradient);
  }
}
