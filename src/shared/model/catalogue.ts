import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ImageShape } from '../data/image-set.js';
import { cnn2 } from './cnn2.js';
import { cnn2bn } from './cnn2bn.js';
import { cnn4 } from './cnn4.js';
import { hybrid } from './hybrid.js';
import { lenet5 } from './lenet5.js';
import { mlp } from './mlp.js';
import { resnet } from './resnet.js';

export interface BuiltInModel {
  /** For lists and help texts. */
  readonly description: string;
  /** The model for such images, with a softmax over the classes; its weights are zeros. */
  build(image: ImageShape, classes: number): LayersModel;
}

/** The models that Lockstep brings, by name. */
export const CATALOGUE = {
  mlp: { build: mlp, description: 'two hidden layers, 256 and 128 units, with dropout' },
  lenet5: { build: lenet5, description: 'five conv blocks with batch norm, three dense layers' },
  hybrid: { build: hybrid, description: 'four convs and a small dense head, under 300 K weights' },
  cnn2bn: { build: cnn2bn, description: 'two convs with batch norm, three linear layers' },
  cnn2: { build: cnn2, description: 'two convs with max pools, a dense layer, dropout' },
  cnn4: { build: cnn4, description: 'four convs with batch norm and max pools, a dense layer' },
  resnet: { build: resnet, description: 'six residual blocks, no max pools, under 200 K weights' },
} as const satisfies Record<string, BuiltInModel>;

export type BuiltInName = keyof typeof CATALOGUE;

export function isBuiltIn(name: string): name is BuiltInName {
  return Object.hasOwn(CATALOGUE, name);
}
