import type {
  BatchNormNode,
  BufferRef,
  Conv2dNode,
  KernelCall,
  Lowered,
  LoweringContext,
  MapShape,
  Window,
} from '../plan/lowering.js';
import { isFixedNorm } from './batch-norm.js';
import { lowerFusedPool } from './fused-pool.js';
import { blocksOf } from './vectors.js';

/** Whether assembly/first-layer.ts does this convolution with this pool behind it. */
export function isFirstLayer(
  { kernel, strides, dilation, pad }: Window,
  input: MapShape,
  map: MapShape,
  pool: Window,
  pooled: MapShape,
): boolean {
  return (
    input.channels === 1 &&
    [...kernel].every((size) => size === 3) &&
    [...strides, ...dilation, ...pool.dilation].every((step) => step === 1) &&
    pad[0] === pad[1] &&
    map.height === input.height + 2 * pad[0] - 2 &&
    map.width === input.width + 2 * pad[1] - 2 &&
    [...pool.kernel, ...pool.strides].every((size) => size === 2) &&
    pool.pad.every((zeros) => zeros === 0) &&
    pooled.height * 2 <= map.height &&
    pooled.width * 2 <= map.width
  );
}

/** Weights: kernel [3][3][1][out], bias where there is one; with a batch norm, those of it too. */
export function lowerFirstLayer(node: Conv2dNode, context: LoweringContext): Lowered {
  const input = context.inputs[0]!;
  const { output } = context;
  const { height, width } = input.shape;
  const [pad] = node.pad;
  const map = node.pool!.map;
  const outputs = output.shape.channels;
  const weights = context.weight('kernel');
  const bias = node.bias ? context.weight('bias') : 0;
  const images = context.savedSamples((height + 2 * pad) * (width + 2 * pad) * 4, 16);
  const pool = lowerFusedPool(node.pool, context);
  const [window, places] = pool.operands;
  const foldedBytes = blocksOf(output.shape) * 160;
  const folded =
    node.norm === null ? context.shared(foldedBytes) : { ...context.saved(foldedBytes), stride: 0 };

  const relu = node.activation === 'relu' ? 1 : 0;
  const image: KernelCall = {
    kernel: 'firstLayerImages',
    args: [images, input, ['batch'], height, width, pad],
    split: 'samples',
  };
  const main: KernelCall = {
    kernel: 'firstLayerForward',
    args: [images, folded, ['batch'], height, width, pad, outputs, relu, window!, output, places!],
    split: 'samples',
  };
  const norm = node.norm === null ? null : lowerNorm(node.norm, node, context, folded, images);
  const backward: KernelCall = {
    kernel: 'firstLayerBackward',
    split: 'parts',
    args: [
      ['part'],
      ['parts'],
      ['add'],
      images,
      ['batch'],
      height,
      width,
      pad,
      map.height,
      map.width,
      outputs,
      context.outputGradient,
      places!,
      window!,
      context.gradient('kernel') ?? 0,
      node.bias ? (context.gradient('bias') ?? 0) : 0,
      ...(norm?.backward ?? [0, weights, 0, 0, 0, 0]),
      context.scratch(2048),
    ],
  };
  const pack: KernelCall = {
    kernel: 'firstLayerPack',
    args: [['part'], ['parts'], folded, weights, bias, outputs],
    split: 'parts',
  };
  return {
    prepare: norm === null ? [pack] : [],
    forward: [image, ...(norm ? [norm.forward] : []), ...pool.describe, main],
    inference: [image, ...(norm ? [norm.inference] : []), ...pool.describe, main],
    backward: [...pool.describe, backward],
    backwardReads: { inputs: false, output: false },
  };
}

function lowerNorm(
  norm: BatchNormNode,
  node: Conv2dNode,
  context: LoweringContext,
  folded: BufferRef,
  images: BufferRef,
) {
  const { height, width } = context.inputs[0]!.shape;
  const map = node.pool!.map;
  const outputs = context.output.shape.channels;
  const moments = context.saved(720 + outputs * 16);
  const weights = context.weight('kernel');
  const bias = node.bias ? context.weight('bias') : 0;
  const gamma = norm.scale ? context.weight('gamma') : 0;
  const beta = norm.center ? context.weight('beta') : 0;
  const own = [weights, bias, gamma, beta] as const;
  const isFixed = isFixedNorm(norm, context);
  const statistics: KernelCall = {
    kernel: 'firstLayerStatistics',
    split: 'alone',
    args: [
      folded,
      moments,
      images,
      ['batch'],
      height,
      width,
      node.pad[0],
      map.height,
      map.width,
      outputs,
      ...own,
      context.gradient('movingMean') ?? 0,
      context.gradient('movingVariance') ?? 0,
      ['momentumTerm', norm.momentum],
      norm.epsilon,
      ['add'],
    ],
  };
  const moving = [context.weight('movingMean'), context.weight('movingVariance')] as const;
  const inference: KernelCall = {
    kernel: 'firstLayerFold',
    args: [folded, moments, outputs, ...own, ...moving, norm.epsilon],
    split: 'alone',
  };
  return {
    forward: isFixed ? inference : statistics,
    inference,
    backward: [
      isFixed ? 2 : 1,
      weights,
      gamma,
      norm.scale ? (context.gradient('gamma') ?? 0) : 0,
      norm.center ? (context.gradient('beta') ?? 0) : 0,
      moments,
    ],
  };
}
