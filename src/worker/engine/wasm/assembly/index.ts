// The kernel module: every exported function of these files is a kernel that a plan may call.
// No file may have static data, a start function or a heap: the memory is shared by all threads.
export * from './gemm';
export { winogradWeights } from './winograd-weights';
export { describePool } from './pool-window';
export * from './first-layer';
export * from './sparse-backward';
export * from './winograd';
export * from './activation';
export * from './batch-norm';
export * from './crc32c';
export * from './depthwise';
export * from './dropout';
export { lambMoments, lambSquareSum, lambStep, larsStep } from './layerwise';
export * from './math-kernels';
export * from './optimizer';
export * from './philox';
export * from './pool';
export * from './probe';
export * from './rmsprop';
export * from './shape';
export * from './softmax-cross-entropy';
export { squareSum } from './square-sum';
export * from './vector';
export * from './weight-average';
export { packWeights } from './gemm-pack';
export { convWindow } from './conv-window';
export * from './conv-forward';
export * from './conv-backward';
