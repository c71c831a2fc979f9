import { activation } from './activation-layers.js';
import { single, type Config, type LayerSite, type Piece } from './layer-site.js';
import type { GraphNode, Window } from './lowering.js';
import { refuseLayer } from './refusal.js';

/** Layers that move a window over a map, and Dense, whose window is the map or a pixel. */
export function conv2d(site: LayerSite, config: Config): readonly Piece[] {
  const operation = {
    kind: 'conv2d',
    ...window(site, config, config['kernelSize'], config['dilationRate']),
    ...plainWeighted(config),
    norm: null,
    pool: null,
  } as const;
  return [
    ...single(operation, site, kernelAndBias(config)),
    ...activation(site, String(config['activation'])),
  ];
}

export function depthwiseConv2d(site: LayerSite, config: Config): readonly Piece[] {
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

export function separableConv2d(site: LayerSite, config: Config): readonly Piece[] {
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
      { kind: 'conv2d', ...ONE_BY_ONE, ...plainWeighted(config), norm: null, pool: null },
      site,
      kernelAndBias(config, 'pointwiseKernel'),
    ),
    ...activation(site, String(config['activation'])),
  ];
}

/** On a map, tfjs applies a dense layer at every pixel: a convolution by one pixel. */
export function dense(site: LayerSite, config: Config): readonly Piece[] {
  const operation: GraphNode =
    site.layer.shape.length === 2
      ? { kind: 'dense', ...plainWeighted(config) }
      : { kind: 'conv2d', ...ONE_BY_ONE, ...plainWeighted(config), norm: null, pool: null };
  return [
    ...single(operation, site, kernelAndBias(config)),
    ...activation(site, String(config['activation'])),
  ];
}

export function pool(
  site: LayerSite,
  config: Config,
  kind: 'maxPool' | 'averagePool',
): readonly Piece[] {
  const shape = window(site, config, config['poolSize'], 1);
  return single({ kind, ...shape, foldRelu: false }, site);
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
