/** What a classifier says of a set of images, and what is so. */
export interface Predictions {
  /** [samples], each below `classes`. */
  readonly labels: Uint16Array;
  /** The likeliest class of each sample, the first of equals: uint16 [samples]. */
  readonly predicted: Uint16Array;
  /** The probability of that class: float32 [samples]. */
  readonly confidence: Float32Array;
  readonly classes: number;
}

/** `probabilities`: float32 [samples, classes]; `labels`: uint16 [samples]. */
export function predictionsOf(
  probabilities: Float32Array,
  labels: Uint16Array,
  classes: number,
): Predictions {
  const predicted = new Uint16Array(labels.length);
  const confidence = new Float32Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if (probabilities[i * classes + c]! > probabilities[i * classes + best]!) best = c;
    }
    predicted[i] = best;
    confidence[i] = probabilities[i * classes + best]!;
  }
  return { labels: labels.slice(), predicted, confidence, classes };
}
