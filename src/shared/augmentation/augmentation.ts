/** How far training samples are changed before they are learnt from; see docs/configuration.md. */
export interface Augmentation {
  /** Mirror left and right, every other time. */
  readonly flip: boolean;
  /** Largest shift, as a share of width and height; in whole pixels. */
  readonly shift: number;
  /** Sizes from 1 − zoom to 1 + zoom. */
  readonly zoom: number;
  /** Largest turn either way, in degrees. */
  readonly rotation: number;
  /** Largest slant either way: columns that a row moves against the row beside it. */
  readonly shear: number;
  readonly erasing: Erasing;
}

/** Random Erasing (Zhong et al. 2020, arXiv 1708.04896). */
export interface Erasing {
  /** p of the paper: the share of samples that lose a rectangle. */
  readonly probability: number;
  /** s_l and s_h: how much of the image it covers. */
  readonly minArea: number;
  readonly maxArea: number;
  /** r₁: its flattest shape, height over width; the steepest is 1 / r₁. */
  readonly minAspect: number;
}

/** Whether pixels move at all. */
export function movesPixels({ flip, shift, zoom, rotation, shear }: Augmentation): boolean {
  return flip || shift > 0 || zoom > 0 || rotation > 0 || shear > 0;
}

export function changesSamples(augmentation: Augmentation): boolean {
  return movesPixels(augmentation) || augmentation.erasing.probability > 0;
}
