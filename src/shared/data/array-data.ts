import type { ImageShape } from './image-set.js';

/** Images and labels in a program's own arrays. */
export interface LabelledImages {
  /** [count, height, width, channels], each 0 … 255: a typed array of whole numbers. */
  readonly images: Uint8Array | Uint8ClampedArray;
  /** [count], each below the number of classes. */
  readonly labels: ArrayLike<number>;
}

/** A data set in a program's own arrays, which are copied. */
export interface ArrayData {
  readonly train: LabelledImages;
  readonly test: LabelledImages;
  readonly shape: ImageShape;
  /** Names in label order, or how many classes there are. */
  readonly classes: readonly string[] | number;
}
