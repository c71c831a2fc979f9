import { decodeSplit, readIdx } from '../coordinator/data/decode-folder.js';
import { allocateShared } from '../coordinator/data/shared-memory.js';
import { decodeIdxImages, type DecodedImages } from '../shared/data/idx.js';
import type { RunData } from '../shared/data/data-set.js';
import type { ImageSet } from '../shared/data/image-set.js';
import { formatShape, pixelsOf, sameShape } from '../shared/data/image-shape.js';
import { inMemory } from '../shared/data/stored-set.js';
import { LockstepError } from '../shared/errors.js';
import type { ImageReference, Prediction, RunUseOptions } from '../shared/run-reports.js';
import { openForUse } from './evaluate-run.js';
import { openTrainedRun } from './trained-run.js';

interface FoundImage {
  readonly pixels: Uint8Array;
  readonly label: number | null;
}

/** What a run's newest weights say of images. Throws IMAGE_NOT_FOUND, IMAGE_MISFIT, DATA_*. */
export async function predictRun(
  folder: string,
  images: readonly ImageReference[],
  options: RunUseOptions,
): Promise<readonly Prediction[]> {
  const { prepared, step, weights } = await openTrainedRun(folder, options);
  const { shape, classes } = prepared.data.train;
  const files = new Map<string, DecodedImages & { labels: Uint16Array | null }>();
  const found = images.map((image) => find(image, prepared.data.whole, files));
  const bytes = pixelsOf(shape);
  const pixels = new Uint8Array(allocateShared(found.length * bytes));
  found.forEach((image, i) => {
    pixels.set(image.pixels, i * bytes);
  });
  const labels = new Uint16Array(allocateShared(found.length * 2));
  const set: ImageSet = { shape, classes, count: found.length, pixels, labels };
  const data = { ...prepared.data, train: set, test: set };
  const trainer = await openForUse({ ...prepared, data }, weights, options.notice, true);
  try {
    const probabilities = await trainer.predict(0, step);
    return found.map(({ label }, i) => ({
      label: label === null ? null : (classes[label] ?? null),
      classes: classes
        .map((name, c) => ({ name, probability: probabilities[i * classes.length + c]! }))
        .sort((a, b) => b.probability - a.probability),
    }));
  } finally {
    await trainer.close();
  }
}

function find(
  image: ImageReference,
  data: RunData['whole'],
  files: Map<string, DecodedImages & { labels: Uint16Array | null }>,
): FoundImage {
  if (image.kind === 'set') return pick(inMemory(data[image.set]), image.index, image.set);
  const { path } = image;
  const known = files.get(path) ?? readImages(path, data.train.shape);
  files.set(path, known);
  if (!sameShape(known.shape, data.train.shape)) {
    throw new LockstepError(
      'IMAGE_MISFIT',
      `${path} holds ${formatShape(known.shape)} images; the model takes ${formatShape(data.train.shape)}.`,
      { hint: 'Scale the images to the size that the model was trained on.', where: { path } },
    );
  }
  return pick(known, image.index, path);
}

function readImages(
  path: string,
  shape: ImageSet['shape'],
): DecodedImages & { labels: Uint16Array | null } {
  if (/\.csv$/i.test(path)) {
    return decodeSplit({ format: 'csv', table: path }, shape, () => undefined);
  }
  return { ...decodeIdxImages(readIdx(path, 'images'), path), labels: null };
}

function pick(
  from: DecodedImages & { readonly labels: Uint16Array | null },
  index: number,
  name: string,
): FoundImage {
  if (index >= from.count) {
    throw new LockstepError(
      'IMAGE_NOT_FOUND',
      `${name} has no image ${String(index)}: it holds ${String(from.count)}, counted from 0.`,
    );
  }
  const bytes = pixelsOf(from.shape);
  return {
    pixels: from.pixels.subarray(index * bytes, (index + 1) * bytes),
    label: from.labels?.[index] ?? null,
  };
}
