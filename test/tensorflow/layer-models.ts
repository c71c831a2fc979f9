/** A small model around each kind of layer that TensorFlow.js registers. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { tf } from '#src/shared/model/tfjs.js';

type Layer = LayersModel['layers'][number];

export const IMAGE = { height: 6, width: 4, channels: 2 };
export const CLASSES = 3;

/** Classes that TensorFlow.js makes layers of by their name in a saved model; not all are exported. */
export function registered(): ReadonlyMap<string, new (config: object) => Layer> {
  const map = (
    tf.serialization as unknown as {
      SerializationMap: { getMap(): { classNameMap: Record<string, [new () => Layer]> } };
    }
  ).SerializationMap.getMap().classNameMap;
  const { Layer } = tf.layers as unknown as { Layer: new () => Layer };
  const isLayer = (each: new () => Layer) => each === Layer || each.prototype instanceof Layer;
  return new Map(
    Object.entries(map).flatMap(([name, [each]]) => (isLayer(each) ? [[name, each]] : [])),
  );
}

/** Layers on an image, and a dense layer behind them. */
function on(...layers: readonly Layer[]): LayersModel {
  const { height, width, channels } = IMAGE;
  const model = tf.sequential();
  model.add(tf.layers.inputLayer({ inputShape: [height, width, channels] }) as Layer);
  for (const layer of layers) model.add(layer);
  if (model.outputs[0]!.shape.length > 2) model.add(tf.layers.flatten() as Layer);
  model.add(tf.layers.dense({ units: CLASSES, activation: 'softmax' }) as Layer);
  return model;
}

/** The same on vectors. */
const onVector = (...layers: readonly Layer[]) => on(tf.layers.flatten(), ...layers);
/** On six steps of eight numbers. */
const onSteps = (...layers: readonly Layer[]) =>
  on(tf.layers.reshape({ targetShape: [6, 8] }), ...layers);
/** On a volume of 4 × 3 × 2 with two channels; or four maps of 3 × 2. */
const onVolume = (...layers: readonly Layer[]) =>
  on(tf.layers.reshape({ targetShape: [4, 3, 2, 2] }), ...layers);

/** Two branches, joined. */
function joined(join: Layer, flat = false): LayersModel {
  const { height, width, channels } = IMAGE;
  const image = tf.input({ shape: [height, width, channels] });
  const conv = (kernelSize: number) =>
    tf.layers.conv2d({ filters: 2, kernelSize, padding: 'same' }).apply(image) as typeof image;
  const ends = [conv(1), conv(3)].map((end) =>
    flat ? (tf.layers.flatten().apply(end) as typeof image) : end,
  );
  const both = join.apply(ends) as typeof image;
  const outputs = tf.layers
    .dense({ units: CLASSES })
    .apply(flat ? both : tf.layers.flatten().apply(both)) as typeof image;
  return tf.model({ inputs: image, outputs });
}

const make = (name: string, config: object): Layer => new (registered().get(name)!)(config);

/** By class name. A kind that has no model here, nor a reason in `NOT_ON_IMAGES`, fails the test. */
export const MODELS: Readonly<Record<string, () => LayersModel>> = {
  Activation: () => on(tf.layers.activation({ activation: 'tanh' })),
  Add: () => joined(tf.layers.add()),
  AlphaDropout: () => on(tf.layers.alphaDropout({ rate: 0.3 })),
  Average: () => joined(tf.layers.average()),
  AveragePooling1D: () => onSteps(tf.layers.averagePooling1d({ poolSize: 2 })),
  AveragePooling2D: () => on(tf.layers.averagePooling2d({ poolSize: 2 })),
  AveragePooling3D: () => onVolume(tf.layers.averagePooling3d({ poolSize: 2, strides: 1 })),
  BatchNormalization: () => on(tf.layers.batchNormalization()),
  Bidirectional: () =>
    onSteps(
      tf.layers.bidirectional({ layer: tf.layers.gru({ units: 3 }) as never, mergeMode: 'concat' }),
    ),
  CategoryEncoding: () =>
    onVector(
      tf.layers.dense({ units: 1, activation: 'sigmoid' }),
      make('CategoryEncoding', { numTokens: 4, outputMode: 'oneHot' }),
    ),
  CenterCrop: () => on(make('CenterCrop', { height: 4, width: 2 })),
  Concatenate: () => joined(tf.layers.concatenate()),
  Conv1D: () => onSteps(tf.layers.conv1d({ filters: 3, kernelSize: 3 })),
  Conv2D: () => on(tf.layers.conv2d({ filters: 3, kernelSize: 3, dilationRate: [2, 1] as never })),
  Conv2DTranspose: () => on(tf.layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2 })),
  Conv3D: () => onVolume(tf.layers.conv3d({ filters: 3, kernelSize: 2 })),
  Conv3DTranspose: () => onVolume(make('Conv3DTranspose', { filters: 2, kernelSize: 2 })),
  ConvLSTM2D: () =>
    onVolume(tf.layers.convLstm2d({ filters: 2, kernelSize: 2, padding: 'same' } as never)),
  ConvLSTM2DCell: () =>
    onVolume(tf.layers.convLstm2d({ filters: 2, kernelSize: 2, padding: 'same' } as never)),
  Cropping2D: () =>
    on(
      tf.layers.cropping2D({
        cropping: [
          [1, 1],
          [1, 0],
        ],
      } as never),
    ),
  Dense: () => onVector(tf.layers.dense({ units: 5, activation: 'relu' })),
  DepthwiseConv2D: () => on(tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 })),
  Dot: () => joined(tf.layers.dot({ axes: 1 }), true),
  Dropout: () => on(tf.layers.dropout({ rate: 0.3 })),
  ELU: () => on(tf.layers.elu()),
  Embedding: () => onVector(tf.layers.embedding({ inputDim: 4, outputDim: 3 })),
  Flatten: () => on(tf.layers.flatten()),
  GaussianDropout: () => on(tf.layers.gaussianDropout({ rate: 0.3 })),
  GaussianNoise: () => on(tf.layers.gaussianNoise({ stddev: 0.3 })),
  GlobalAveragePooling1D: () => onSteps(tf.layers.globalAveragePooling1d({} as never)),
  GlobalAveragePooling2D: () => on(tf.layers.globalAveragePooling2d({} as never)),
  GlobalMaxPooling1D: () => onSteps(tf.layers.globalMaxPooling1d({} as never)),
  GlobalMaxPooling2D: () => on(tf.layers.globalMaxPooling2d({} as never)),
  GRU: () => onSteps(tf.layers.gru({ units: 3 })),
  GRUCell: () => onSteps(tf.layers.rnn({ cell: tf.layers.gruCell({ units: 3 }) })),
  InputLayer: () => on(),
  LayerNormalization: () => on(tf.layers.layerNormalization({ axis: -1 })),
  LeakyReLU: () => on(tf.layers.leakyReLU()),
  LSTM: () => onSteps(tf.layers.lstm({ units: 3 })),
  LSTMCell: () => onSteps(tf.layers.rnn({ cell: tf.layers.lstmCell({ units: 3 }) })),
  Masking: () => onSteps(tf.layers.masking({ maskValue: 0 }), tf.layers.gru({ units: 3 })),
  Maximum: () => joined(tf.layers.maximum()),
  MaxPooling1D: () => onSteps(tf.layers.maxPooling1d({ poolSize: 2 })),
  MaxPooling2D: () => on(tf.layers.maxPooling2d({ poolSize: 2 })),
  MaxPooling3D: () => onVolume(tf.layers.maxPooling3d({ poolSize: 2, strides: 1 })),
  Minimum: () => joined(tf.layers.minimum()),
  Multiply: () => joined(tf.layers.multiply()),
  Permute: () => on(tf.layers.permute({ dims: [2, 1, 3] })),
  PReLU: () => on(tf.layers.prelu()),
  RandomWidth: () =>
    on(make('RandomWidth', { factor: 0.4, seed: 2 }), tf.layers.globalMaxPooling2d({} as never)),
  ReLU: () => on(tf.layers.reLU()),
  RepeatVector: () => onVector(tf.layers.repeatVector({ n: 3 })),
  Rescaling: () => on(make('Rescaling', { scale: 2, offset: -1 })),
  Reshape: () => on(tf.layers.reshape({ targetShape: [12, 4] })),
  Resizing: () => on(make('Resizing', { height: 5, width: 7 })),
  RNN: () => onSteps(tf.layers.rnn({ cell: tf.layers.simpleRNNCell({ units: 3 }) })),
  SeparableConv2D: () => on(tf.layers.separableConv2d({ filters: 3, kernelSize: 3 })),
  SimpleRNN: () => onSteps(tf.layers.simpleRNN({ units: 3 })),
  SimpleRNNCell: () => onSteps(tf.layers.rnn({ cell: tf.layers.simpleRNNCell({ units: 3 }) })),
  Softmax: () => onVector(tf.layers.softmax()),
  SpatialDropout1D: () => onSteps(tf.layers.spatialDropout1d({ rate: 0.3 })),
  StackedRNNCells: () =>
    onSteps(
      tf.layers.rnn({
        cell: [tf.layers.lstmCell({ units: 3 }), tf.layers.lstmCell({ units: 2 })],
      }),
    ),
  ThresholdedReLU: () => on(tf.layers.thresholdedReLU({ theta: 0.2 })),
  TimeDistributed: () =>
    onSteps(tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 3 }) as never })),
  UpSampling2D: () => on(tf.layers.upSampling2d({ size: [2, 2] })),
  ZeroPadding2D: () => on(tf.layers.zeroPadding2d({ padding: 1 })),
};

/** Options that decide otherwise than the kind itself does. */
export const OPTIONS: Readonly<Record<string, () => LayersModel>> = {
  'Dropout, `noiseShape` other than `[null, 1, 1, null]`': () =>
    on(tf.layers.dropout({ rate: 0.3, noiseShape: [null, 6, 1, 1] as never })),
  'GRU, LSTM and SimpleRNN with `dropout`': () =>
    onSteps(tf.layers.gru({ units: 3, dropout: 0.3 })),
  'GRU, LSTM and SimpleRNN with `stateful`': () =>
    tf.sequential({
      layers: [
        tf.layers.reshape({ targetShape: [6, 8], batchInputShape: [4, 6, 4, 2] }),
        tf.layers.gru({ units: 3, stateful: true }),
      ] as Layer[],
    }),
  'DepthwiseConv2D, SeparableConv2D with `dilationRate`': () =>
    on(tf.layers.separableConv2d({ filters: 3, kernelSize: 2, dilationRate: 2 })),
  'any layer with a regularizer or constraint': () =>
    onVector(tf.layers.dense({ units: 3, kernelRegularizer: 'l1l2' })),
  'TimeDistributed around BatchNormalization': () =>
    onSteps(tf.layers.timeDistributed({ layer: tf.layers.batchNormalization() as never })),
};

/** Kinds that are no layer of a model by themselves. */
export const NOT_LAYERS: ReadonlySet<string> = new Set(['Model', 'Functional', 'Sequential']);
