import { changesSamples, type Augmentation } from '../augmentation/augmentation.js';
import type { TrainingConfig } from './schema.js';

/** How a configuration wants training samples changed; null: not at all. */
export function augmentationOf(config: TrainingConfig): Augmentation | null {
  const augmentation: Augmentation = {
    flip: config.augmentFlip,
    shift: config.augmentShift,
    zoom: config.augmentZoom,
    rotation: config.augmentRotation,
    shear: config.augmentShear,
    erasing: {
      probability: config.augmentErasing,
      minArea: config.erasingMinArea,
      maxArea: config.erasingMaxArea,
      minAspect: config.erasingMinAspect,
    },
  };
  return changesSamples(augmentation) ? augmentation : null;
}
