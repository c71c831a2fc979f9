import type { Operand, Split } from './plan.js';

/**
 * The seam between the plan compiler, which knows the graph and the memory, and the lowerings,
 * which know kernels: a lowering turns one node of the graph into kernel calls.
 *
 * Activations, and gradients of activations, are blocked by four channels, one sample after
 * another, float32:
 *
 *   x[b][c4][p][4]     c4 < ⌈C/4⌉, p = y·W + x < P = H·W; channel c is block ⌊c/4⌋, lane c mod 4
 *
 * so a sample takes ⌈C/4⌉·P·16 bytes and samples follow each other without a gap; features of a
 * dense layer are the case P = 1, a row-major matrix. The lanes past C of the last block hold
 * finite values of no meaning: no kernel may let them reach a channel below C, a weight's gradient
 * or the loss. Every buffer starts at a multiple of 64 bytes.
 *
 * Weights and their gradients keep the layout of tfjs: conv2d [kh][kw][in][out], depthwise
 * [kh][kw][in][multiplier], dense [in][out] (in = (y·W + x)·C + c where it stands on a map),
 * vectors [channels]. They start at any multiple of 4 bytes.
 *
 * Bits: a result depends on values and shapes only; never on the thread, the number of threads or
 * the machine. Kernels split their outputs by (part, parts), never a sum. What a kernel writes to
 * the row is stored, or added to what stands there (`add`), in one operation an element.
 *
 * The threads of a team make the same calls, each its share of them (`Split`; split.ts refuses what
 * cannot be right), and meet after every call. Within a call none reads what another one writes in
 * it, and each element of a tensor, of what is saved and of the row is written by one of them alone.
 * Scratch is each thread's own: what one leaves there the others do not see.
 */
export interface MapShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export function sameShape(a: MapShape, b: MapShape): boolean {
  return a.height === b.height && a.width === b.width && a.channels === b.channels;
}

/** Bytes of one sample in the blocked layout. */
export function sampleBytes(shape: MapShape): number {
  return Math.ceil(shape.channels / 4) * shape.height * shape.width * 16;
}

/** A place in the thread's or the shared region whose address the memory plan decides. */
export interface BufferRef {
  readonly buffer: number;
  /** Bytes of a sample, where samples follow each other; not needed for tensors. */
  readonly stride?: number;
}

export interface TensorRef extends BufferRef {
  readonly shape: MapShape;
}

export interface KernelCall {
  /** Name of an export of the kernel module. */
  readonly kernel: string;
  readonly args: readonly (Operand | BufferRef)[];
  readonly split: Split;
  /** Set by the compiler: index among the graph's nodes. */
  readonly node?: number;
}

export interface LoweringContext {
  /** Largest number of samples in a call; the operand ['batch'] gives the number at hand. */
  readonly batchMax: number;
  readonly inputs: readonly TensorRef[];
  readonly output: TensorRef;
  /** Gradient of the loss for the output; backward may overwrite it. */
  readonly outputGradient: TensorRef;
  /** Where backward stores (not adds) the gradients for the inputs; null where nobody wants one. */
  readonly inputGradients: readonly (TensorRef | null)[];
  /** Address of a weight by its role: kernel, bias, gamma, beta, movingMean, movingVariance … */
  weight(role: string): Operand;
  /** Address in the row of a weight's gradient or batch-norm term; null where it is frozen. */
  gradient(role: string): Operand | null;
  /** Weight-derived, written by prepare, read by all threads. */
  shared(bytes: number): BufferRef;
  /** Of the micro-batch, from forward to the node's backward (training only). */
  saved(bytes: number): BufferRef;
  /** As saved, `stride` bytes a sample, and `more` behind the last. */
  savedSamples(stride: number, more?: number): BufferRef;
  /** Of each thread, during the node's own calls of one phase. */
  scratch(bytes: number): BufferRef;
}

export interface Lowered {
  /** Once a step. First two arguments of every call: ['part'], ['parts']. */
  readonly prepare: readonly KernelCall[];
  readonly forward: readonly KernelCall[];
  /** Where inference differs from training's forward. */
  readonly inference?: readonly KernelCall[];
  /** Writes all weight gradients (stores) and the input gradients that are wanted. */
  readonly backward: readonly KernelCall[];
  /** What backward reads, so that the memory plan keeps it. */
  readonly backwardReads: { readonly inputs: boolean; readonly output: boolean };
}

export type Lowering<Node extends GraphNode> = (node: Node, context: LoweringContext) => Lowered;

/** Activations that a convolution or dense kernel applies as it stores its output. */
export type FusedActivation = 'linear' | 'relu';

export interface Window {
  readonly kernel: readonly [height: number, width: number];
  readonly strides: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Zeros before the first row and column ('same' puts the odd one at the end). */
  readonly pad: readonly [top: number, left: number];
}

interface Weighted {
  readonly bias: boolean;
  readonly activation: FusedActivation;
  /**
   * Whether backward must zero the output's gradient where ReLU was off; false where the pool
   * behind it has done so (`foldRelu`). Always false for 'linear'.
   */
  readonly maskGradient: boolean;
}

export interface Conv2dNode extends Window, Weighted {
  readonly kind: 'conv2d';
  /**
   * Batch norm between the convolution and its activation, in a first layer with a pool. The node's
   * weights are then those of both.
   */
  readonly norm: BatchNormNode | null;
  /** The max pool that the convolution's kernel does too; the node's output is then the pooled map. */
  readonly pool: FusedPoolWindow | null;
}
/** A max pool that the kernel before it does. */
export interface FusedPoolWindow {
  readonly window: Window;
  /** What is pooled. */
  readonly map: MapShape;
}
export interface DepthwiseNode extends Window, Weighted {
  readonly kind: 'depthwiseConv2d';
  readonly multiplier: number;
}
/** Of the flattened input map; see the weight layout above. */
export interface DenseNode extends Weighted {
  readonly kind: 'dense';
}
export interface PoolNode extends Window {
  readonly kind: 'maxPool' | 'averagePool';
  /** maxPool only: the input is a ReLU's output; give no gradient to maxima that are not > 0. */
  readonly foldRelu: boolean;
}
export interface GlobalPoolNode {
  readonly kind: 'globalMaxPool' | 'globalAveragePool';
}
export interface BatchNormNode {
  readonly kind: 'batchNorm';
  /** What its kernel does behind the normalization: a ReLU, then a max pool or a dropout. */
  readonly activation: FusedActivation;
  readonly pool: FusedPoolWindow | null;
  readonly dropout: DropoutNode | null;
  readonly epsilon: number;
  readonly momentum: number;
  /** Whether there is a gamma, a beta. */
  readonly scale: boolean;
  readonly center: boolean;
}
export interface DropoutNode {
  readonly kind: 'dropout';
  readonly rate: number;
  readonly spatial: boolean;
  /** Ordinal of the random stream: 0 for the model's first dropout layer, and so on. */
  readonly ordinal: number;
}
export interface ActivationNode {
  readonly kind: 'activation';
  readonly function:
    | 'relu'
    | 'relu6'
    | 'leakyRelu'
    | 'elu'
    | 'selu'
    | 'sigmoid'
    | 'hardSigmoid'
    | 'tanh'
    | 'softplus'
    | 'softsign'
    | 'swish'
    | 'gelu'
    | 'softmax';
  /** Slope of leakyRelu, α of elu; 0 elsewhere. */
  readonly alpha: number;
}
/** Another shape over the same values in channels-last order, where a view does not do. */
export interface ReshapeNode {
  readonly kind: 'reshape';
}
export interface ZeroPadNode {
  readonly kind: 'zeroPad';
  readonly top: number;
  readonly left: number;
}
/** A map enlarged by whole factors. */
export interface UpSampleNode {
  readonly kind: 'upSample';
  readonly factors: readonly [height: number, width: number];
  /** Along lines between pixels; else each pixel again and again. */
  readonly bilinear: boolean;
}
export interface AddNode {
  readonly kind: 'add';
}
/** Along channels. */
export interface ConcatenateNode {
  readonly kind: 'concatenate';
}

export type GraphNode =
  | Conv2dNode
  | DepthwiseNode
  | DenseNode
  | PoolNode
  | GlobalPoolNode
  | BatchNormNode
  | DropoutNode
  | ActivationNode
  | ReshapeNode
  | ZeroPadNode
  | UpSampleNode
  | AddNode
  | ConcatenateNode;
