import type { ImageShape } from '../data/image-set.js';
import { pixelsOf } from '../data/image-shape.js';
import { movesPixels, type Augmentation } from './augmentation.js';
import { Draws } from './draws.js';
import { drawRectangle, erase } from './erase.js';
import { drawGeometry, isRigid, sourceMap } from './geometry.js';
import { move, warp } from './warp.js';

/**
 * Changes training samples on their way into a micro-batch. What becomes of a sample depends on
 * (seed, epoch, sample) and on nothing else, so that it is the same whoever computes it.
 */
export class Augmenter {
  readonly #augmentation: Augmentation;
  readonly #shape: ImageShape;
  readonly #draws: Draws;
  readonly #bytes: number;

  constructor(augmentation: Augmentation, shape: ImageShape, seed: number) {
    this.#augmentation = augmentation;
    this.#shape = shape;
    this.#draws = new Draws(seed);
    this.#bytes = pixelsOf(shape);
  }

  /**
   * Writes the image at byte `at` of `pixels`, which is sample `sample` of its set, as epoch `epoch`
   * sees it, to `to` at `toAt`. `pixels`: uint8 [images, height, width, channels], left as it is.
   */
  write(
    pixels: Uint8Array,
    at: number,
    sample: number,
    epoch: number,
    to: Uint8Array,
    toAt: number,
  ): void {
    const { erasing } = this.#augmentation;
    this.#draws.begin(sample, epoch);
    if (movesPixels(this.#augmentation)) this.#move(pixels, at, to, toAt);
    else to.set(pixels.subarray(at, at + this.#bytes), toAt);
    const rectangle = drawRectangle(this.#draws, erasing, this.#shape);
    if (rectangle !== null) erase(this.#draws, to, toAt, this.#shape, rectangle);
  }

  #move(pixels: Uint8Array, at: number, to: Uint8Array, toAt: number): void {
    const shape = this.#shape;
    const geometry = drawGeometry(this.#draws, this.#augmentation, shape);
    if (isRigid(geometry)) move(pixels, at, to, toAt, shape, geometry);
    else warp(pixels, at, to, toAt, shape, sourceMap(geometry, shape));
  }
}
