import { predictionsOf, type Predictions } from '#src/shared/evaluation/predictions.js';

/** 200 samples of 6 classes: class 4 has none but is predicted, class 5 is neither. */
export function sixClasses(): Predictions {
  const [samples, classes] = [200, 6];
  let state = 12345;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
  const labels = new Uint16Array(samples);
  const probabilities = new Float32Array(samples * classes);
  for (let i = 0; i < samples; i++) {
    labels[i] = [0, 0, 0, 1, 1, 2, 3, 3][next() >>> 29]!;
    const raw = Array.from({ length: 5 }, () => 1 + (next() >>> 24));
    raw[labels[i]!]! += next() >>> 31 === 1 ? 200 : 60;
    const total = raw.reduce((sum, value) => sum + value, 0);
    raw.forEach((value, c) => (probabilities[i * classes + c] = value / total));
  }
  return predictionsOf(probabilities, labels, classes);
}
