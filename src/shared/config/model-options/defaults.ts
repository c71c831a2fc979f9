/** What the built-in models can be told, and what holds where nothing is said. */

export type ActivationName = 'relu' | 'leakyRelu';
export type PaddingName = 'same' | 'valid';

/** Every option of any built-in model, as its builder reads it: lists are as long as what they are of. */
export interface ModelOptions {
  /** Of each convolution in turn; of `resnet` those of each stage. */
  readonly filters: readonly number[];
  /** Height and width of each convolution's kernel. */
  readonly kernelSize: readonly number[];
  /** Of each convolution. */
  readonly padding: readonly PaddingName[];
  /** Between layers, wherever the model has one. */
  readonly activation: ActivationName;
  /** What leakyRelu multiplies values below 0 by. */
  readonly leakySlope: number;
  /** Share that is dropped behind each block of convolutions; 0: no such layer. */
  readonly convDropout: readonly number[];
  /** Residual blocks of each stage. */
  readonly residualBlocks: readonly number[];
  /** Of each hidden dense layer. */
  readonly denseUnits: readonly number[];
  /** Share that is dropped behind each hidden dense layer; 0: no such layer. */
  readonly denseDropout: readonly number[];
  /** Height and width that images are enlarged to. */
  readonly imageSize: number;
  /** Blocks of the pretrained base that train, from the last one back. */
  readonly unfrozenBlocks: number;
}

const ACTIVATION = { activation: 'relu', leakySlope: 0.01 } as const;

/**
 * The options of each model, with the values of the reports, or ours where those are silent
 * (docs/models.md). The last value of a list holds for whatever there is more of.
 */
export const MODEL_DEFAULTS = {
  lenet5: {
    ...ACTIVATION,
    filters: [32, 64, 128, 256, 256],
    kernelSize: [3],
    padding: ['same'],
    convDropout: [0.1],
    denseUnits: [256, 128],
    denseDropout: [0.2],
  },
  mlp: { ...ACTIVATION, denseUnits: [256, 128], denseDropout: [0.2] },
  hybrid: {
    ...ACTIVATION,
    filters: [32, 64, 64, 128],
    kernelSize: [3, 3, 3, 5],
    padding: ['same'],
    convDropout: [0.2],
    denseUnits: [32],
    denseDropout: [0.4],
  },
  cnn2bn: {
    ...ACTIVATION,
    filters: [32, 64],
    kernelSize: [3],
    padding: ['same', 'valid'],
    convDropout: [0],
    denseUnits: [600, 120],
    denseDropout: [0.25, 0],
  },
  cnn2: {
    ...ACTIVATION,
    filters: [32, 64],
    kernelSize: [3],
    padding: ['valid'],
    convDropout: [0.25],
    denseUnits: [250],
    denseDropout: [0.5],
  },
  cnn4: {
    ...ACTIVATION,
    filters: [32, 64, 128, 256],
    kernelSize: [3],
    padding: ['same'],
    convDropout: [0],
    denseUnits: [64],
    denseDropout: [0.5],
  },
  inceptionv3: {
    ...ACTIVATION,
    denseUnits: [256],
    denseDropout: [0.5],
    imageSize: 150,
    unfrozenBlocks: 0,
  },
  resnet: { ...ACTIVATION, filters: [16, 32, 64], residualBlocks: [2] },
} as const satisfies Readonly<Record<string, Partial<ModelOptions>>>;

export type ConfigurableModel = keyof typeof MODEL_DEFAULTS;

/** The options that a model has. */
export type OptionsOf<Model extends ConfigurableModel> = Pick<
  ModelOptions,
  Extract<keyof (typeof MODEL_DEFAULTS)[Model], keyof ModelOptions>
>;

/** Convolutions of one block, behind which there is one dropout; of other models one. */
export const CONVOLUTIONS_IN_A_BLOCK: Partial<Record<ConfigurableModel, number>> = { hybrid: 2 };

/** Null for a model that has no options: one of the user's own. */
export function defaultsOf(model: string): Partial<ModelOptions> | null {
  return Object.hasOwn(MODEL_DEFAULTS, model) ? MODEL_DEFAULTS[model as ConfigurableModel] : null;
}
