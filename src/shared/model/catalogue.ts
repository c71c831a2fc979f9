import type { LayersModel } from '@tensorflow/tfjs-layers';
import type {
  ConfigurableModel,
  ModelOptions,
  OptionsOf,
} from '../config/model-options/defaults.js';
import { defaultOptions } from '../config/model-options/resolve.js';
import type { ImageShape } from '../data/image-set.js';
import { cnn2 } from './cnn2.js';
import { cnn2bn } from './cnn2bn.js';
import { cnn4 } from './cnn4.js';
import { hybrid } from './hybrid.js';
import { inceptionv3 } from './inceptionv3.js';
import { lenet5 } from './lenet5.js';
import { mlp } from './mlp.js';
import { resnet } from './resnet.js';

export interface BuiltInModel {
  /** For lists and help texts. */
  readonly description: string;
  /**
   * The model for such images, with a softmax over the classes; its weights are zeros. `options`:
   * complete, as `modelOptions` gives them for this model; left out, its defaults.
   */
  build(image: ImageShape, classes: number, options?: Partial<ModelOptions>): LayersModel;
}

/** The models that Lockstep brings, by name. */
export const CATALOGUE = {
  mlp: entry('mlp', mlp, 'two hidden layers, 256 and 128 units, with dropout'),
  lenet5: entry('lenet5', lenet5, 'five conv blocks with batch norm, three dense layers'),
  hybrid: entry('hybrid', hybrid, 'four convs and a small dense head, under 300 K weights'),
  cnn2bn: entry('cnn2bn', cnn2bn, 'two convs with batch norm, three linear layers'),
  cnn2: entry('cnn2', cnn2, 'two convs with max pools, a dense layer, dropout'),
  cnn4: entry('cnn4', cnn4, 'four convs with batch norm and max pools, a dense layer'),
  resnet: entry('resnet', resnet, 'six residual blocks, no max pools, under 200 K weights'),
  inceptionv3: entry('inceptionv3', inceptionv3, 'a pretrained base for photographs, a dense head'),
} as const satisfies Record<ConfigurableModel, BuiltInModel>;

export type BuiltInName = keyof typeof CATALOGUE;

export function isBuiltIn(name: string): name is BuiltInName {
  return Object.hasOwn(CATALOGUE, name);
}

function entry<Name extends ConfigurableModel>(
  name: Name,
  make: (image: ImageShape, classes: number, options: OptionsOf<Name>) => LayersModel,
  description: string,
): BuiltInModel {
  return {
    description,
    build: (image, classes, options = defaultOptions(name)) =>
      make(image, classes, options as OptionsOf<Name>),
  };
}
