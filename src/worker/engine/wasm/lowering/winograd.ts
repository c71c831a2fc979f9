import type { Operand } from '../plan/plan.js';
import type { BufferRef, KernelCall, Lowered, LoweringContext } from '../plan/lowering.js';
import { positionStride } from './window-product.js';

/** Tiles in a chunk, so that its points stay in the second cache for middling channels. */
const TILES_PER_CHUNK = 64;

/** As CHUNK_BYTES in assembly/winograd-chunk.ts. */
const CHUNK_BYTES = 128;

/** Winograd's forms of assembly/winograd-points.ts, in one dimension. */
export interface WinogradForm {
  /** The kernel's number for it. */
  readonly code: number;
  readonly points: number;
  readonly outputs: number;
  readonly inputs: number;
}

export const F43: WinogradForm = { code: 0, points: 6, outputs: 4, inputs: 6 };
export const F23: WinogradForm = { code: 1, points: 4, outputs: 2, inputs: 4 };
/** A 2×2 map between zeros: three products a dimension. */
export const PAIR: WinogradForm = { code: 2, points: 3, outputs: 2, inputs: 2 };

/**
 * The form with the fewest products for an output map of this size, or null where plain products
 * over the window need no more. It depends on the map alone.
 */
export function winogradForm(
  outHeight: number,
  outWidth: number,
  same: boolean,
): WinogradForm | null {
  const products = (form: WinogradForm) =>
    form.points *
    form.points *
    Math.ceil(outHeight / form.outputs) *
    Math.ceil(outWidth / form.outputs);
  if (same && outHeight === 2 && outWidth === 2) return PAIR;
  const best = products(F43) <= products(F23) ? F43 : F23;
  return products(best) < 9 * outHeight * outWidth ? best : null;
}

export interface WinogradProduct {
  readonly form: WinogradForm;
  /** Zeros around the map that tiles begin with: 1 for 'same', 0 for 'valid' and for PAIR. */
  readonly pad: number;
  readonly bias: boolean;
  readonly relu: boolean;
  readonly maskGradient: boolean;
}

/** 3×3 convolution, stride 1: assembly/winograd.ts. Weights [3][3][in][out]. */
export function lowerWinograd(node: WinogradProduct, context: LoweringContext): Lowered {
  const { form } = node;
  const input = context.inputs[0]!;
  const { output } = context;
  const inputs = input.shape.channels;
  const outputs = output.shape.channels;
  const inBlocks = Math.ceil(inputs / 4);
  const outBlocks = Math.ceil(outputs / 4);
  const tilesX = Math.ceil(output.shape.width / form.outputs);
  const tilesY = Math.ceil(output.shape.height / form.outputs);
  const bands = Math.min(
    Math.max(1, Math.floor(TILES_PER_CHUNK / tilesX)),
    context.batchMax * tilesY,
  );
  const stride = positionStride(bands * tilesX);
  const planes = form.points * form.points;

  const weights = context.weight('kernel');
  const bias: Operand = node.bias ? context.weight('bias') : 0;
  const weightGradient = context.gradient('kernel') ?? 0;
  const biasGradient = node.bias ? (context.gradient('bias') ?? 0) : 0;
  // No products for the first layer's input or from frozen weights.
  const inputGradient = context.inputGradients[0] ?? null;

  const u = context.shared(planes * planeBytes(outBlocks, inBlocks * 64));
  const points = context.scratch(planes * planeBytes(inBlocks, stride));
  const products = context.scratch(planes * planeBytes(outBlocks, stride));
  const columns = tilesX * form.outputs + form.inputs - form.outputs;
  // The chunk's geometry, then its lines; the weight gradients take 18 vectors of these.
  const lines = context.scratch(CHUNK_BYTES + Math.max(18, (form.points + 2) * columns) * 16);
  const transposed: BufferRef | 0 =
    inputGradient === null ? 0 : context.shared(planes * planeBytes(inBlocks, outBlocks * 64));

  const prepare: KernelCall[] = [
    {
      kernel: 'winogradWeights',
      args: [['part'], ['parts'], form.code, weights, inputs, outputs, u, transposed],
    },
  ];
  const geometry: KernelCall['args'] = [
    form.code,
    input,
    input.shape.height,
    input.shape.width,
    inputs,
    node.pad,
    output,
    output.shape.height,
    output.shape.width,
    outputs,
    ['batch'],
  ];
  const forward: KernelCall[] = [
    {
      kernel: 'winogradForward',
      args: [...geometry, bias, node.relu ? 1 : 0, u, points, products, lines, bands],
    },
  ];
  const wanted = inputGradient !== null || weightGradient !== 0 || biasGradient !== 0;
  if (!wanted) {
    return { prepare, forward, backward: [], backwardReads: { inputs: false, output: false } };
  }
  const pointGradients: BufferRef | 0 =
    weightGradient === 0 ? 0 : context.scratch(planes * planeBytes(outBlocks, inBlocks * 64));
  const backward: KernelCall[] = [
    {
      kernel: 'winogradBackward',
      args: [
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
        bands,
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

/** As planeBytes in assembly/winograd-chunk.ts: an odd number of cache lines. */
function planeBytes(blocks: number, stride: number): number {
  const bytes = blocks * stride;
  return bytes & 64 ? bytes : bytes + 64;
}
