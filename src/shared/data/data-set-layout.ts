/**
 * A data set in one piece of memory, which is also what the digest is taken of and how the
 * decoded set lies in the cache:
 *
 *   train pixels │ train labels │ test pixels │ test labels
 *
 * pixels uint8 [count, height, width, channels], labels uint16 little-endian [count]; each part
 * starts at a multiple of 64 bytes, with zeros in between.
 */
import type { ImageSet, ImageShape } from './image-set.js';
import { pixelsOf } from './image-shape.js';
import type { StoredPixels, StoredSet } from './stored-set.js';

const ALIGNMENT = 64;

export interface DataSetSizes {
  readonly shape: ImageShape;
  readonly trainCount: number;
  readonly testCount: number;
}

export interface DataSetLayout {
  /** Places in bytes. */
  readonly trainPixels: number;
  readonly trainLabels: number;
  readonly testPixels: number;
  readonly testLabels: number;
  readonly byteLength: number;
}

export function layoutOf({ shape, trainCount, testCount }: DataSetSizes): DataSetLayout {
  const imageBytes = pixelsOf(shape);
  const trainPixels = 0;
  const trainLabels = aligned(trainPixels + trainCount * imageBytes);
  const testPixels = aligned(trainLabels + 2 * trainCount);
  const testLabels = aligned(testPixels + testCount * imageBytes);
  const byteLength = aligned(testLabels + 2 * testCount);
  return { trainPixels, trainLabels, testPixels, testLabels, byteLength };
}

/** The two sets as views of `memory`, which holds `layoutOf(sizes).byteLength` bytes. */
export function viewDataSet(
  memory: SharedArrayBuffer,
  sizes: DataSetSizes,
  classes: readonly string[],
): { readonly train: ImageSet; readonly test: ImageSet } {
  const layout = layoutOf(sizes);
  const imageBytes = pixelsOf(sizes.shape);
  const view = (count: number, pixels: number, labels: number): ImageSet =>
    Object.freeze({
      shape: sizes.shape,
      count,
      pixels: new Uint8Array(memory, pixels, count * imageBytes),
      labels: new Uint16Array(memory, labels, count),
      classes,
    });
  return {
    train: view(sizes.trainCount, layout.trainPixels, layout.trainLabels),
    test: view(sizes.testCount, layout.testPixels, layout.testLabels),
  };
}

/**
 * The same where the pixels stay in a file of that layout. `labels`: uint16 of both sets, one behind
 * the other, over a SharedArrayBuffer.
 */
export function viewStoredSet(
  file: Pick<StoredPixels, 'file' | 'stamp'>,
  labels: Uint16Array,
  sizes: DataSetSizes,
  classes: readonly string[],
): { readonly train: StoredSet; readonly test: StoredSet } {
  const { shape, trainCount, testCount } = sizes;
  const { trainPixels, testPixels } = layoutOf(sizes);
  const view = (count: number, firstLabel: number, position: number): StoredSet => ({
    ...{ shape, count, classes },
    labels: labels.subarray(firstLabel, firstLabel + count),
    stored: { ...file, position, places: null, noise: null },
  });
  return {
    train: view(trainCount, 0, trainPixels),
    test: view(testCount, trainCount, testPixels),
  };
}

/** What the digest starts with, in ASCII; the memory follows. Names of classes do not count. */
export function digestHeader({ shape, trainCount, testCount }: DataSetSizes, classes: number) {
  const { height, width, channels } = shape;
  return `lockstep-data-1 ${height} ${width} ${channels} ${classes} ${trainCount} ${testCount}\n`;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
