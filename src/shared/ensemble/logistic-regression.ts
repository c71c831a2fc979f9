import { exp64, log64 } from '../numerics/exact-exp.js';
import { minimize } from './lbfgs.js';

/** Multinomial logistic regression: softmax of features · weights + intercepts. */
export interface LogisticRegression {
  readonly features: number;
  readonly classes: number;
  /** float64 [features, classes]. */
  readonly weights: Float64Array;
  /** float64 [classes]. */
  readonly intercepts: Float64Array;
}

/** C of scikit-learn's LogisticRegression: one over the strength of the L2 penalty. */
const INVERSE_STRENGTH = 1;
const LIMITS = { tolerance: 1e-4, iterations: 500 };

/**
 * Fits labels (each below `classes`) to features, float64 [samples, features]: the least of
 * Σ −ln p(label) + ½ ‖weights‖² / C with C = 1, intercepts free, as scikit-learn's
 * LogisticRegression has it. The same bits on every machine.
 */
export function fitLogisticRegression(
  features: Float64Array,
  labels: Uint16Array,
  classes: number,
  limits = LIMITS,
): LogisticRegression {
  const samples = labels.length;
  const width = features.length / samples;
  const size = width * classes;
  const scores = new Float64Array(classes);
  const objective = (point: Float64Array, gradient: Float64Array): number => {
    gradient.fill(0);
    let loss = 0;
    for (let i = 0; i < samples; i++) {
      scoresOf(point, features, i * width, width, classes, scores);
      loss += softmax(scores, labels[i]!);
      // Now the gradient by the scores: p − 1 at the label, p elsewhere.
      scores[labels[i]!]! -= 1;
      for (let f = 0; f < width; f++) {
        const x = features[i * width + f]!;
        if (x === 0) continue;
        for (let c = 0; c < classes; c++) gradient[f * classes + c]! += x * scores[c]!;
      }
      for (let c = 0; c < classes; c++) gradient[size + c]! += scores[c]!;
    }
    let squares = 0;
    for (let w = 0; w < size; w++) {
      squares += point[w]! * point[w]!;
      gradient[w]! += point[w]! / INVERSE_STRENGTH;
    }
    return loss + squares / (2 * INVERSE_STRENGTH);
  };
  const point = minimize(objective, new Float64Array(size + classes), limits);
  return {
    features: width,
    classes,
    weights: point.slice(0, size),
    intercepts: point.slice(size),
  };
}

/** float32 [samples, classes]. */
export function predictLogisticRegression(
  { features: width, classes, weights, intercepts }: LogisticRegression,
  features: Float64Array,
): Float32Array {
  const samples = features.length / width;
  const point = new Float64Array([...weights, ...intercepts]);
  const probabilities = new Float32Array(samples * classes);
  const scores = new Float64Array(classes);
  for (let i = 0; i < samples; i++) {
    scoresOf(point, features, i * width, width, classes, scores);
    softmax(scores, 0);
    probabilities.set(scores, i * classes);
  }
  return probabilities;
}

/** `point`: weights [width, classes], then intercepts [classes]. */
function scoresOf(
  point: Float64Array,
  features: Float64Array,
  first: number,
  width: number,
  classes: number,
  scores: Float64Array,
): void {
  for (let c = 0; c < classes; c++) scores[c] = point[width * classes + c]!;
  for (let f = 0; f < width; f++) {
    const x = features[first + f]!;
    if (x === 0) continue;
    for (let c = 0; c < classes; c++) scores[c]! += x * point[f * classes + c]!;
  }
}

/** Turns scores into probabilities, and answers −ln p(label). */
function softmax(scores: Float64Array, label: number): number {
  const most = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const below = most - scores[label]!;
  let sum = 0;
  for (let c = 0; c < scores.length; c++) sum += scores[c] = exp64(scores[c]! - most);
  for (let c = 0; c < scores.length; c++) scores[c]! /= sum;
  return log64(sum) + below;
}
