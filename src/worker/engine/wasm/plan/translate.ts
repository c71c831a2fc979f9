import type { LayerNode } from '../../../../shared/model/graph.js';
import type { ActivationNode, GraphNode, MapShape, Window } from './lowering.js';
import { refuseLayer } from './refusal.js';

/** A layer where it stands in the model. */
export interface LayerSite {
  readonly layer: LayerNode;
  readonly inputs: readonly MapShape[];
  readonly output: MapShape;
  /** Whether it is the model's last. */
  readonly isOutput: boolean;
  readonly dropoutOrdinal: number;
}

/** One node of what a layer becomes; each piece after the first reads the one before. */
export interface Piece {
  readonly operation: GraphNode;
  readonly shape: MapShape;
  /** tfjs's name of each weight by the node's own name for it. */
  readonly weights: Readonly<Record<string, string>>;
}

type Config = Readonly<Record<string, unknown>>;
type Translation = (site: LayerSite, config: Config) => readonly Piece[];

/** What a layer does, as a chain of nodes; empty where it changes nothing. */
export function translateLayer(site: LayerSite): readonly Piece[] {
  const { className, label, layer } = site.layer;
  const translation = TRANSLATIONS.get(className);
  if (translation === undefined) {
    const known = [...TRANSLATIONS.keys()].join(', ');
    refuseLayer(label, `is of class ${className}`, `Use these layers: ${known}.`);
  }
  return translation(site, layer.getConfig());
}

const TRANSLATIONS: ReadonlyMap<string, Translation> = new Map<string, Translation>([
  ['Conv2D', conv2d],
  ['DepthwiseConv2D', depthwiseConv2d],
  ['SeparableConv2D', separableConv2d],
  ['Dense', dense],
  ['MaxPooling2D', (site, config) => pool(site, config, 'maxPool')],
  ['AveragePooling2D', (site, config) => pool(site, config, 'averagePool')],
  ['GlobalMaxPooling2D', (site) => single({ kind: 'globalMaxPool' }, site)],
  ['GlobalAveragePooling2D', (site) => single({ kind: 'globalAveragePool' }, site)],
  ['BatchNormalization', batchNormalization],
  ['Dropout', dropout],
  ['Activation', (site, config) => activation(site, String(config['activation']))],
  ['ReLU', reluLayer],
  ['LeakyReLU', (site, config) => applied(site, 'leakyRelu', config['alpha'] as number)],
  ['ELU', (site) => applied(site, 'elu', 1)],
  ['Softmax', softmaxLayer],
  ['Flatten', (site) => single({ kind: 'reshape' }, site)],
  ['Reshape', (site) => single({ kind: 'reshape' }, site)],
  ['ZeroPadding2D', zeroPadding],
  ['Add', add],
  ['Concatenate', concatenate],
]);

function single(operation: GraphNode, site: LayerSite, weights = {}): readonly Piece[] {
  return [{ operation, shape: site.output, weights }];
}

function conv2d(site: LayerSite, config: Config): readonly Piece[] {
  const operation = {
    kind: 'conv2d',
    ...window(site, config, config['kernelSize'], config['dilationRate']),
    ...plainWeighted(config),
  } as const;
  return [
    ...single(operation, site, kernelAndBias(config)),
    ...activation(site, String(config['activation'])),
  ];
}

function depthwiseConv2d(site: LayerSite, config: Config): readonly Piece[] {
  if (pair(config['dilationRate']).some((rate) => rate !== 1)) {
    refuseLayer(
      site.layer.label,
      'has a dilationRate, which tfjs itself ignores in this layer',
      'Leave dilationRate out, or use SeparableConv2D.',
    );
  }
  const operation = {
    kind: 'depthwiseConv2d',
    multiplier: config['depthMultiplier'] as number,
    ...window(site, config, config['kernelSize'], 1),
    ...plainWeighted(config),
  } as const;
  return [
    ...single(operation, site, kernelAndBias(config, 'depthwiseKernel')),
    ...activation(site, String(config['activation'])),
  ];
}

function separableConv2d(site: LayerSite, config: Config): readonly Piece[] {
  const kernel = site.layer.layer.weights.find((weight) => weight.shape.length === 4)!;
  if (kernel.shape[3] !== 1) {
    refuseLayer(
      site.layer.label,
      'has a depthMultiplier, which tfjs leaves out when it saves this layer',
      'Use DepthwiseConv2D with that depthMultiplier, then Conv2D with kernelSize 1.',
    );
  }
  const depthwise = {
    kind: 'depthwiseConv2d',
    multiplier: 1,
    ...window(site, config, config['kernelSize'], config['dilationRate']),
    bias: false,
    activation: 'linear',
    maskGradient: false,
  } as const;
  return [
    {
      operation: depthwise,
      shape: { ...site.output, channels: site.inputs[0]!.channels },
      weights: { kernel: 'depthwiseKernel' },
    },
    ...single(
      { kind: 'conv2d', ...ONE_BY_ONE, ...plainWeighted(config) },
      site,
      kernelAndBias(config, 'pointwiseKernel'),
    ),
    ...activation(site, String(config['activation'])),
  ];
}

/** On a map, tfjs applies a dense layer at every pixel: a convolution by one pixel. */
function dense(site: LayerSite, config: Config): readonly Piece[] {
  const operation: GraphNode =
    site.layer.shape.length === 2
      ? { kind: 'dense', ...plainWeighted(config) }
      : { kind: 'conv2d', ...ONE_BY_ONE, ...plainWeighted(config) };
  return [
    ...single(operation, site, kernelAndBias(config)),
    ...activation(site, String(config['activation'])),
  ];
}

function pool(site: LayerSite, config: Config, kind: 'maxPool' | 'averagePool'): readonly Piece[] {
  const shape = window(site, config, config['poolSize'], 1);
  return single({ kind, ...shape, foldRelu: false }, site);
}

function batchNormalization(site: LayerSite, config: Config): readonly Piece[] {
  requireLastAxis(site, config['axis']);
  const scale = config['scale'] as boolean;
  const center = config['center'] as boolean;
  return single(
    {
      kind: 'batchNorm',
      epsilon: config['epsilon'] as number,
      momentum: config['momentum'] as number,
      scale,
      center,
    },
    site,
    {
      ...(scale ? { gamma: 'gamma' } : {}),
      ...(center ? { beta: 'beta' } : {}),
      movingMean: 'movingMean',
      movingVariance: 'movingVariance',
    },
  );
}

function dropout(site: LayerSite, config: Config): readonly Piece[] {
  const rate = config['rate'] as number;
  // tfjs drops nothing at rate 1 either.
  if (rate <= 0 || rate >= 1) return [];
  const noise = config['noiseShape'] as readonly (number | null)[] | null | undefined;
  const sizes = site.layer.shape;
  let spatial = false;
  if (noise !== null && noise !== undefined) {
    const given = sizes.map((size, axis) => noise[axis] ?? size);
    const elementwise = given.every((size, axis) => size === sizes[axis]);
    spatial =
      sizes.length === 4 && given[1] === 1 && given[2] === 1 && given[3] === sizes[3] && !given[0];
    if (!elementwise && !spatial) {
      refuseLayer(
        site.layer.label,
        `has the noiseShape [${noise.map((size) => size ?? 'null').join(', ')}]`,
        'Leave noiseShape out, or use [null, 1, 1, null], which drops whole channels.',
      );
    }
  }
  return single({ kind: 'dropout', rate, spatial, ordinal: site.dropoutOrdinal }, site);
}

function reluLayer(site: LayerSite, config: Config): readonly Piece[] {
  const ceiling = config['maxValue'] as number | null | undefined;
  if (ceiling === null || ceiling === undefined) return applied(site, 'relu', 0);
  if (ceiling === 6) return applied(site, 'relu6', 0);
  return refuseLayer(site.layer.label, `has maxValue ${ceiling}`, 'Use maxValue 6 or none.');
}

function softmaxLayer(site: LayerSite, config: Config): readonly Piece[] {
  const axis = config['axis'] as number | readonly number[];
  requireLastAxis(site, typeof axis === 'number' ? axis : axis.length === 1 ? axis[0] : axis);
  return applied(site, 'softmax', 0);
}

function zeroPadding(site: LayerSite, config: Config): readonly Piece[] {
  const [[top], [left]] = config['padding'] as [[number, number], [number, number]];
  return single({ kind: 'zeroPad', top, left }, site);
}

function add(site: LayerSite): readonly Piece[] {
  if (site.inputs.some((input) => !sameShape(input, site.output))) {
    refuseLayer(
      site.layer.label,
      'adds tensors of different shapes',
      'Bring them to one shape first.',
    );
  }
  return single({ kind: 'add' }, site);
}

function concatenate(site: LayerSite, config: Config): readonly Piece[] {
  requireLastAxis(site, config['axis']);
  return single({ kind: 'concatenate' }, site);
}

const FUNCTIONS: ReadonlySet<string> = new Set<ActivationNode['function']>([
  'relu',
  'relu6',
  'elu',
  'selu',
  'sigmoid',
  'hardSigmoid',
  'tanh',
  'softplus',
  'softsign',
  'swish',
  'gelu',
  'softmax',
]);

function activation(site: LayerSite, name: string): readonly Piece[] {
  if (name === 'linear') return [];
  // Log-probabilities have the softmax of the logits: as the model's output they are logits.
  if (name === 'logSoftmax' && site.isOutput) return [];
  if (!FUNCTIONS.has(name)) {
    refuseLayer(
      site.layer.label,
      `has the activation ${name}`,
      `Use one of linear, ${[...FUNCTIONS].join(', ')}.`,
    );
  }
  return applied(site, name as ActivationNode['function'], name === 'elu' ? 1 : 0);
}

function applied(site: LayerSite, name: ActivationNode['function'], alpha: number) {
  return single({ kind: 'activation', function: name, alpha }, site);
}

const ONE_BY_ONE: Window = { kernel: [1, 1], strides: [1, 1], dilation: [1, 1], pad: [0, 0] };

/** Activations are nodes of their own until they are fused. */
function plainWeighted(config: Config) {
  return { bias: config['useBias'] as boolean, activation: 'linear', maskGradient: false } as const;
}

function kernelAndBias(config: Config, kernel = 'kernel'): Readonly<Record<string, string>> {
  return config['useBias'] === true ? { kernel, bias: 'bias' } : { kernel };
}

function window(site: LayerSite, config: Config, size: unknown, rate: unknown): Window {
  const kernel = pair(size);
  const strides = pair(config['strides']);
  const dilation = pair(rate);
  const input = [site.inputs[0]!.height, site.inputs[0]!.width];
  const output = [site.output.height, site.output.width];
  // TensorFlow's rule: as few zeros as give ⌈input / stride⌉ outputs, the odd one at the end.
  const before = (axis: 0 | 1): number => {
    if (config['padding'] !== 'same') return 0;
    const reach = (output[axis]! - 1) * strides[axis] + (kernel[axis] - 1) * dilation[axis] + 1;
    return Math.floor(Math.max(reach - input[axis]!, 0) / 2);
  };
  return { kernel, strides, dilation, pad: [before(0), before(1)] };
}

function pair(value: unknown): readonly [number, number] {
  if (typeof value === 'number') return [value, value];
  const [first, second] = value as readonly number[];
  return [first!, second ?? first!];
}

function requireLastAxis(site: LayerSite, axis: unknown): void {
  const last = site.layer.shape.length - 1;
  if (axis === -1 || axis === last) return;
  refuseLayer(site.layer.label, `works along axis ${String(axis)}`, 'Use axis -1, the channels.');
}

function sameShape(a: MapShape, b: MapShape): boolean {
  return a.height === b.height && a.width === b.width && a.channels === b.channels;
}
