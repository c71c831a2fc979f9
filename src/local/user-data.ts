import { createHash } from 'node:crypto';
import { allocateShared } from '../coordinator/data/shared-memory.js';
import { numberedClasses } from '../shared/data/classes.js';
import type { ArrayData, LabelledImages } from '../shared/data/array-data.js';
import type { DataSet } from '../shared/data/data-set.js';
import type { ImageSet, ImageShape } from '../shared/data/image-set.js';
import { pixelsOf } from '../shared/data/image-shape.js';
import { LockstepError } from '../shared/errors.js';

/** Throws DATA_ARRAYS_INVALID saying which array, where, what was expected and got. */
export function dataSetOf(data: ArrayData): DataSet {
  const { shape } = data;
  const classes =
    typeof data.classes === 'number' ? numberedClasses(data.classes) : [...data.classes];
  for (const [name, size] of Object.entries(shape)) {
    if (!Number.isInteger(size) || size < 1)
      fail(`shape.${name} is ${String(size)}; expected a whole number from 1`);
  }
  if (classes.length < 2) fail(`${String(classes.length)} classes; expected at least 2`);
  const train = imageSetOf('train', data.train, shape, classes);
  const test = imageSetOf('test', data.test, shape, classes);
  const hash = createHash('sha256').update(JSON.stringify([shape, classes.length]));
  for (const { pixels, labels } of [train, test]) {
    hash.update(pixels).update(new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength));
  }
  return {
    train,
    test,
    name: 'arrays',
    digest: hash.digest('hex'),
    folder: '',
    source: "the program's own arrays",
  };
}

function imageSetOf(
  name: string,
  { images, labels }: LabelledImages,
  shape: ImageShape,
  classes: readonly string[],
): ImageSet {
  const bytes = pixelsOf(shape);
  const count = labels.length;
  // Pixels from 0 to 1, as models like them, would all become 0 here.
  if (!(images instanceof Uint8Array || images instanceof Uint8ClampedArray)) {
    fail(`${name}.images is ${nameOfType(images)}; expected a Uint8Array of pixels from 0 to 255`);
  }
  if (count === 0) fail(`${name}.labels is empty`);
  if (images.length !== count * bytes) {
    fail(
      `${name}.images holds ${String(images.length)} values; ${String(count)} labels of ${String(bytes)} values each need ${String(count * bytes)}`,
    );
  }
  const pixels = new Uint8Array(allocateShared(images.length));
  pixels.set(images);
  const shared = new Uint16Array(allocateShared(count * 2));
  for (let i = 0; i < count; i++) {
    const label = labels[i]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes.length) {
      fail(
        `${name}.labels[${String(i)}] is ${String(label)}; expected a whole number from 0 to ${String(classes.length - 1)}`,
      );
    }
    shared[i] = label;
  }
  return { shape, count, pixels, labels: shared, classes };
}

function nameOfType(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function fail(message: string): never {
  throw new LockstepError('DATA_ARRAYS_INVALID', `${message}.`, {
    hint: 'Give images as Uint8Array [count, height, width, channels] and labels as numbers.',
  });
}
