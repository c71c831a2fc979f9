import type { ShownImage } from '../../report/run-report.js';
import type { ImageSet } from '../../shared/data/image-set.js';
import { pixelsOf } from '../../shared/data/image-shape.js';
import type { Predictions } from '../../shared/evaluation/predictions.js';

/** Right ones spread evenly over the set. */
export function rightImages(set: ImageSet, said: Predictions, most: number): ShownImage[] {
  const right = indices(said, true);
  const shown = Math.min(most, right.length);
  return Array.from({ length: shown }, (_, i) =>
    shownImage(set, said, right[Math.floor((i * right.length) / shown)]!),
  );
}

/** The wrong ones that the model was surest of. */
export function wrongImages(set: ImageSet, said: Predictions, most: number): ShownImage[] {
  return indices(said, false)
    .sort((a, b) => said.confidence[b]! - said.confidence[a]! || a - b)
    .slice(0, most)
    .map((index) => shownImage(set, said, index));
}

export function shownImage(set: ImageSet, said: Predictions, index: number): ShownImage {
  const bytes = pixelsOf(set.shape);
  return {
    pixels: set.pixels.slice(index * bytes, (index + 1) * bytes),
    index,
    truth: set.classes[set.labels[index]!]!,
    predicted: set.classes[said.predicted[index]!]!,
    confidence: said.confidence[index]!,
  };
}

function indices({ labels, predicted }: Predictions, right: boolean): number[] {
  return Array.from(labels.keys()).filter((i) => (labels[i] === predicted[i]) === right);
}
