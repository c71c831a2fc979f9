import { log64 } from '../numerics/exact-exp.js';
import { likeliest } from './combine.js';

export interface ProbabilityScores {
  readonly accuracy: number;
  /** Mean of −ln p(label); null where a label has probability 0. */
  readonly loss: number | null;
}

/** `probabilities`: float32 [samples, classes]. */
export function probabilityScores(
  probabilities: Float32Array,
  labels: Uint16Array,
  classes: number,
): ProbabilityScores {
  let right = 0;
  let loss = 0;
  labels.forEach((label, i) => {
    if (likeliest(probabilities, i * classes, classes) === label) right++;
    loss -= log64(probabilities[i * classes + label]!);
  });
  return {
    accuracy: right / labels.length,
    loss: Number.isFinite(loss) ? loss / labels.length : null,
  };
}
