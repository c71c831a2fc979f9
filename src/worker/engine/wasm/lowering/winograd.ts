import type { Operand } from '../plan/plan.js';
import type {
  BufferRef,
  Conv2dNode,
  KernelCall,
  Lowered,
  LoweringContext,
  MapShape,
} from '../plan/lowering.js';
import { lowerFusedPool } from './fused-pool.js';
import { isSparse, lowerSparseBackward } from './sparse-backward.js';
import { positionStride } from './window-product.js';
import { columnTiles, PAIR, rowTiles, type AxisTiles } from './winograd-tiles.js';

/** Tiles in a chunk, so that its points stay in the second cache for middling channels. */
const TILES_PER_CHUNK = 64;

/** As TILING_BYTES in assembly/winograd-tiling.ts, and the vectors that weights take of the lines. */
const TILING_BYTES = 704;
const WEIGHT_VECTORS = 94;

/** Below so many channels, in or out, the transforms cost more than the products they save. */
const CHANNELS = 8;

/** A Winograd convolution of maps of one size. */
export interface WinogradForm {
  readonly taps: 3 | 5;
  readonly y: AxisTiles;
  readonly x: AxisTiles;
  /** Zeros around the map that tiles begin with. */
  readonly pad: number;
  /** Whole samples in a chunk; 0: a chunk is some bands of one sample. */
  readonly chunkSamples: number;
  readonly chunkBands: number;
}

/**
 * The form for a convolution of 3 × 3 or 5 × 5 taps that move by one over enough channels; null
 * where there is none, or where plain products over the window need no more.
 */
export function winogradForm(
  { kernel, strides, dilation, pad }: Conv2dNode,
  input: MapShape,
  map: MapShape,
): WinogradForm | null {
  const [taps] = kernel;
  if ((taps !== 3 && taps !== 5) || kernel[1] !== taps) return null;
  if ([...strides, ...dilation].some((step) => step !== 1)) return null;
  if (Math.min(input.channels, map.channels) < CHANNELS) return null;
  const [top, left] = pad;
  const grows = 2 * top - taps + 1;
  if (top !== left || map.height !== input.height + grows || map.width !== input.width + grows) {
    return null;
  }
  const isPair = taps === 3 && top === 1 && map.height === 2 && map.width === 2;
  const y = isPair ? PAIR : columnTiles(map.height, taps);
  const x = isPair ? PAIR : rowTiles(map.width, taps);
  if (Math.max(y.tiles, x.tiles) > 255) return null;
  if (y.products * x.products >= taps * taps * map.height * map.width) return null;
  const perSample = y.tiles * x.tiles;
  const chunkSamples = Math.floor(TILES_PER_CHUNK / perSample);
  const chunkBands = chunkSamples > 0 ? 0 : Math.max(1, Math.floor(TILES_PER_CHUNK / x.tiles));
  return { taps, y, x, pad: isPair ? 0 : top, chunkSamples, chunkBands };
}

/** assembly/winograd.ts. Weights [taps][taps][in][out]. */
export function lowerWinograd(
  form: WinogradForm,
  node: Conv2dNode,
  context: LoweringContext,
): Lowered {
  const input = context.inputs[0]!;
  const { output, batchMax } = context;
  const map = node.pool?.map ?? output.shape;
  const { channels: inputs } = input.shape;
  const { channels: outputs } = map;
  const inBlocks = Math.ceil(inputs / 4);
  const outBlocks = Math.ceil(outputs / 4);
  const samples = Math.min(form.chunkSamples, batchMax);
  const bands = samples > 0 ? samples * form.y.tiles : form.chunkBands;
  const stride = positionStride(bands * form.x.tiles);
  const planes = form.y.points * form.x.points;

  const weights = context.weight('kernel');
  const bias: Operand = node.bias ? context.weight('bias') : 0;
  const weightGradient = context.gradient('kernel') ?? 0;
  const biasGradient = node.bias ? (context.gradient('bias') ?? 0) : 0;
  // No products for the first layer's input or from frozen weights.
  const inputGradient = context.inputGradients[0] ?? null;

  const u = context.shared(planes * planeBytes(outBlocks, inBlocks * 64));
  const points = context.scratch(planes * planeBytes(inBlocks, stride));
  const products = context.scratch(planes * planeBytes(outBlocks, stride));
  const columns = Math.max(form.x.span, input.shape.width + 2 * form.pad, map.width);
  const lineVectors = Math.max(
    WEIGHT_VECTORS,
    (form.y.points * Math.max(samples, 1) + 2) * columns,
  );
  const lines = context.scratch(TILING_BYTES + lineVectors * 16);
  const sparse = isSparse(node);
  const transposed: BufferRef | 0 =
    inputGradient === null || sparse
      ? 0
      : context.shared(planes * planeBytes(inBlocks, outBlocks * 64));
  const pool = lowerFusedPool(node.pool, context, samples);

  const tiling = [form.y.packed, form.x.packed] as const;
  const prepare: KernelCall[] = [
    {
      kernel: 'winogradWeights',
      args: [['part'], ['parts'], form.taps, ...tiling, weights, inputs, outputs, u, transposed, lines], // prettier-ignore
      split: 'parts',
    },
  ];
  const geometry: KernelCall['args'] = [
    form.taps,
    input,
    input.shape.height,
    input.shape.width,
    inputs,
    form.pad,
    output,
    map.height,
    map.width,
    outputs,
    ['batch'],
    ...tiling,
    samples,
    form.chunkBands,
  ];
  const relu = node.activation === 'relu' ? 1 : 0;
  const forward: KernelCall[] = [
    ...pool.describe,
    {
      kernel: 'winogradForward',
      args: [...geometry, bias, relu, u, points, products, lines, ...pool.operands],
      split: 'samples',
    },
  ];
  const wanted = inputGradient !== null || weightGradient !== 0 || biasGradient !== 0;
  if (!wanted) {
    return { prepare, forward, backward: [], backwardReads: { inputs: false, output: false } };
  }
  if (sparse) {
    const calls = lowerSparseBackward(form.taps, node, context, pool);
    return {
      prepare: [...prepare, ...calls.prepare],
      forward,
      backward: calls.backward,
      backwardReads: { inputs: weightGradient !== 0, output: false },
    };
  }
  const pointGradients: BufferRef | 0 =
    weightGradient === 0 ? 0 : context.scratch(planes * planeBytes(outBlocks, inBlocks * 64));
  const backward: KernelCall[] = [
    ...pool.describe,
    {
      kernel: 'winogradBackward',
      split: 'parts',
      args: [
        ['part'],
        ['parts'],
        ['add'],
        ...geometry,
        context.outputGradient,
        node.maskGradient ? 1 : 0,
        inputGradient ?? 0,
        weightGradient,
        biasGradient,
        transposed,
        points,
        products,
        pointGradients,
        lines,
        ...pool.operands,
        context.scratch(outBlocks * 16),
      ],
    },
  ];
  return {
    prepare,
    forward,
    backward,
    backwardReads: { inputs: weightGradient !== 0, output: node.maskGradient },
  };
}

/** As planeBytes in assembly/winograd-tiling.ts: an odd number of cache lines. */
function planeBytes(blocks: number, stride: number): number {
  const bytes = blocks * stride;
  return bytes & 64 ? bytes : bytes + 64;
}
