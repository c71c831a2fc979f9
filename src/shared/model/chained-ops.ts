import type { DataType, Tensor, Tensor3D, TensorLike } from '@tensorflow/tfjs-core';
import { core } from './tfjs-packages.js';

/**
 * Gives tensors the methods that `@tensorflow/tfjs` gives them: `x.mul(2)` for `tf.mul(x, 2)`.
 * tfjs-layers counts on some (its orthogonal initializer fails without), users' models may on any,
 * and tfjs-core alone has none in Node. Importing `@tensorflow/tfjs` for them would load a WebGL
 * backend too and cost half a second at every start.
 */
export function registerChainedOps(): void {
  const ops = core as unknown as Readonly<Record<string, Op>>;
  const methods: Record<string, Method> = {};
  for (const name of SAME_ARGUMENTS) {
    methods[name] = function (...rest) {
      return ops[name]!(this, ...rest);
    };
  }
  Object.assign(core.Tensor.prototype, methods, RESHAPING, OTHERS);
}

type Op = (x: Tensor, ...rest: unknown[]) => unknown;
type Method = (this: Tensor, ...rest: unknown[]) => unknown;

/** Methods that call the function of their name with the tensor as its first argument. */
const SAME_ARGUMENTS: readonly string[] = (
  'abs acos acosh add all any argMax argMin asin asinh atan atan2 atanh avgPool batchNorm ' +
  'batchToSpaceND broadcastTo cast ceil clipByValue conv1d conv2d conv2dTranspose cos cosh ' +
  'cumprod cumsum depthToSpace depthwiseConv2d dilation2d div divNoNan dot elu equal erf ' +
  'euclideanNorm exp expandDims expm1 fft floor floorDiv gather greater greaterEqual ifft irfft ' +
  'isFinite isInf isNaN leakyRelu less lessEqual localResponseNormalization log log1p ' +
  'logSigmoid logSoftmax logSumExp logicalAnd logicalNot logicalOr logicalXor matMul max ' +
  'maxPool maximum mean min minimum mirrorPad mod mul neg norm notEqual oneHot onesLike pad ' +
  'pool pow prelu prod reciprocal relu relu6 reshape reverse rfft round rsqrt selu ' +
  'separableConv2d sigmoid sign sin sinh slice softmax softplus spaceToBatchND split sqrt ' +
  'square squaredDifference squeeze step stridedSlice sub sum tan tanh tile topk transpose ' +
  'unique unsortedSegmentSum unstack zerosLike'
).split(' ');

type Reshaping = (this: Tensor, ...sizes: number[]) => Tensor;
const asShape: Reshaping = function (...sizes) {
  return core.reshape(this, sizes);
};
const flatten: Reshaping = function () {
  return core.reshape(this, [this.size]);
};
const RESHAPING = {
  flatten,
  as1D: flatten,
  as2D: asShape,
  as3D: asShape,
  as4D: asShape,
  as5D: asShape,
  asScalar: function (this: Tensor) {
    return core.reshape(this, []);
  },
  reshapeAs: function (this: Tensor, other: Tensor) {
    return core.reshape(this, other.shape);
  },
};

const OTHERS = {
  asType: function (this: Tensor, dtype: DataType) {
    return core.cast(this, dtype);
  },
  toBool: function (this: Tensor) {
    return core.cast(this, 'bool');
  },
  toFloat: function (this: Tensor) {
    return core.cast(this, 'float32');
  },
  toInt: function (this: Tensor) {
    return core.cast(this, 'int32');
  },
  concat: function (this: Tensor, others: Tensor | Tensor[], axis?: number) {
    return core.concat([this, ...list(others)], axis);
  },
  stack: function (this: Tensor, others: Tensor | Tensor[], axis?: number) {
    return core.stack([this, ...list(others)], axis);
  },
  where: function (this: Tensor, condition: Tensor, otherwise: TensorLike) {
    return core.where(condition, this, otherwise);
  },
  resizeBilinear: function (this: Tensor3D, ...rest: ResizeArguments) {
    return core.image.resizeBilinear(this, ...rest);
  },
  resizeNearestNeighbor: function (this: Tensor3D, ...rest: ResizeArguments) {
    return core.image.resizeNearestNeighbor(this, ...rest);
  },
};
type ResizeArguments = [size: [number, number], alignCorners?: boolean, halfPixels?: boolean];

function list(tensors: Tensor | Tensor[]): Tensor[] {
  return Array.isArray(tensors) ? tensors : [tensors];
}
