import type { Operand } from '../plan/plan.js';
import type { BufferRef, KernelCall, Lowered, LoweringContext, Window } from '../plan/lowering.js';

/** Positions in a chunk: its gradients and its image stay in the second cache. */
const POSITIONS_PER_CHUNK = 512;

/** A convolution's window and what its kernel does besides. */
export interface WindowProduct extends Window {
  readonly bias: boolean;
  readonly relu: boolean;
  readonly maskGradient: boolean;
}

/** A chunk is some whole samples, or some output rows of one sample. */
export interface Chunk {
  readonly samples: number;
  readonly rows: number;
}

export function chunkOf(outHeight: number, outWidth: number, batchMax: number): Chunk {
  const area = outHeight * outWidth;
  if (area > POSITIONS_PER_CHUNK) {
    const rows = Math.max(1, Math.floor(POSITIONS_PER_CHUNK / outWidth));
    return { samples: 1, rows: Math.min(rows, outHeight) };
  }
  const samples = Math.floor(POSITIONS_PER_CHUNK / area);
  return { samples: Math.min(samples, batchMax), rows: outHeight };
}

/**
 * Any convolution, and any dense layer (a window as large as the map), as matrix products over
 * windows: assembly/conv.ts. Weights [kh][kw][in][out].
 */
export function lowerWindowProduct(node: WindowProduct, context: LoweringContext): Lowered {
  const input = context.inputs[0]!;
  const { output } = context;
  const { height, width, channels } = input.shape;
  const outputs = output.shape.channels;
  const [kernelY, kernelX] = node.kernel;
  const taps = kernelY * kernelX;
  const blocks = Math.ceil(channels / 4);
  const outBlocks = Math.ceil(outputs / 4);
  const chunk = chunkOf(output.shape.height, output.shape.width, context.batchMax);
  const positions = chunk.samples * chunk.rows * output.shape.width;

  // Below four channels the image is compact, and a run of the depth is a row of the window.
  const compact = channels < 4;
  const wholeRow = compact && node.dilation[1] === 1;
  const groups = wholeRow ? kernelY : taps;
  const groupChannels = wholeRow ? kernelX * channels : channels;
  const runs = compact ? groups : taps * blocks;
  const depthBytes = groups * Math.ceil(groupChannels / 4) * 64;

  const reach = (kernel: number, dilation: number) => (kernel - 1) * dilation + 1;
  const imageRows = (chunk.rows - 1) * node.strides[0] + reach(kernelY, node.dilation[0]);
  const imageColumns =
    (output.shape.width - 1) * node.strides[1] + reach(kernelX, node.dilation[1]);
  const copied =
    compact ||
    node.pad[0] > 0 ||
    node.pad[1] > 0 ||
    (output.shape.height - 1) * node.strides[0] + reach(kernelY, node.dilation[0]) > height ||
    imageColumns > width;
  const pixelBytes = compact ? channels * 4 : blocks * 16;
  const imageBytes = copied ? chunk.samples * imageRows * imageColumns * pixelBytes : 0;

  const weights = context.weight('kernel');
  const bias: Operand = node.bias ? context.weight('bias') : 0;
  const weightGradient = context.gradient('kernel') ?? 0;
  const biasGradient = node.bias ? (context.gradient('bias') ?? 0) : 0;
  const inputGradient = context.inputGradients[0] ?? null;

  const packed = context.shared(outBlocks * depthBytes);
  const window = context.scratch(256 + 4 * (2 * positions + runs + taps * channels));
  const image = copied ? context.scratch(imageBytes) : input;
  const describe: KernelCall = {
    kernel: 'convWindow',
    split: 'each',
    args: [
      window,
      height,
      width,
      channels,
      kernelY,
      kernelX,
      ...node.strides,
      ...node.dilation,
      ...node.pad,
      output.shape.height,
      output.shape.width,
      outputs,
      chunk.samples,
      chunk.rows,
    ],
  };
  const pack = (
    packGroups: number,
    packChannels: number,
    to: BufferRef | 0,
    transposed: BufferRef | 0,
  ): KernelCall => ({
    kernel: 'packWeights',
    args: [['part'], ['parts'], weights, packGroups, packChannels, outputs, to, transposed],
    split: 'parts',
  });
  const prepare = [pack(groups, groupChannels, packed, 0)];
  const forward: KernelCall[] = [
    describe,
    {
      kernel: 'convForward',
      args: [window, input, output, ['batch'], bias, node.relu ? 1 : 0, packed, image],
      split: 'samples',
    },
  ];

  const wanted = inputGradient !== null || weightGradient !== 0 || biasGradient !== 0;
  if (!wanted) {
    return { prepare, forward, backward: [], backwardReads: { inputs: false, output: false } };
  }
  let transposed: BufferRef | 0 = 0;
  let patches: BufferRef | 0 = 0;
  const stride = positionStride(positions);
  if (inputGradient !== null) {
    transposed = context.shared(taps * blocks * outBlocks * 64);
    patches = context.scratch(blocks * stride);
    prepare.push(pack(taps, channels, 0, transposed));
  }
  const gradients = context.scratch(outBlocks * stride);
  const isWhole = context.batchMax <= chunk.samples && output.shape.height <= chunk.rows;
  const sums = context.scratch(outBlocks * 16 + (isWhole ? 0 : taps * channels * outputs * 4));
  const backward: KernelCall[] = [
    describe,
    {
      kernel: 'convBackward',
      split: 'parts',
      args: [
        ['part'],
        ['parts'],
        ['add'],
        window,
        input,
        output,
        context.outputGradient,
        node.maskGradient ? 1 : 0,
        ['batch'],
        inputGradient ?? 0,
        weightGradient,
        biasGradient,
        transposed,
        image,
        gradients,
        patches,
        sums,
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

/** Bytes of a block's positions: whole groups of four, an odd number of cache lines. */
export function positionStride(positions: number): number {
  return (Math.ceil(positions / 4) | 1) * 64;
}
