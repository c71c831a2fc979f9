/**
 * A labelled set of images as every part of Lockstep holds it: bytes in shared memory, so that
 * compute threads read it without a copy.
 */
export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** What is known of a set wherever its pixels lie. */
export interface LabelledSet {
  readonly shape: ImageShape;
  /** Number of images. */
  readonly count: number;
  /** uint16 [count], each below `classes.length`, over a SharedArrayBuffer. */
  readonly labels: Uint16Array;
  /** Names of the classes, in label order. */
  readonly classes: readonly string[];
}

export interface ImageSet extends LabelledSet {
  /** uint8 [count, height, width, channels], over a SharedArrayBuffer. */
  readonly pixels: Uint8Array;
}
