/** A package of NVIDIA's on PyPI, in the form of a wheel for Linux on x64. */
export interface NvidiaPackage {
  readonly name: string;
  readonly version: string;
}

/**
 * The libraries that TensorFlow's wheel with CUDA asks for (its extra `and-cuda`), at the versions
 * that pip took for it in November 2026: what its users run. All of CUDA 12 work with any driver
 * from 525.60.13 on.
 */
export const NVIDIA_PACKAGES: readonly NvidiaPackage[] = [
  { name: 'nvidia-cuda-runtime-cu12', version: '12.9.79' },
  { name: 'nvidia-cuda-nvrtc-cu12', version: '12.9.86' },
  { name: 'nvidia-nvjitlink-cu12', version: '12.9.86' },
  { name: 'nvidia-cublas-cu12', version: '12.9.3.13' },
  { name: 'nvidia-cusparse-cu12', version: '12.5.10.65' },
  { name: 'nvidia-cusolver-cu12', version: '11.7.5.82' },
  { name: 'nvidia-cufft-cu12', version: '11.4.1.4' },
  { name: 'nvidia-curand-cu12', version: '10.3.10.19' },
  { name: 'nvidia-cuda-cupti-cu12', version: '12.9.79' },
  { name: 'nvidia-cudnn-cu12', version: '9.27.0.42' },
  { name: 'nvidia-nccl-cu12', version: '2.32.3' },
  // ptxas and libdevice, which TensorFlow looks for beside its own folder.
  { name: 'nvidia-cuda-nvcc-cu12', version: '12.9.86' },
];

/**
 * What is loaded before TensorFlow, below `nvidia/`: each after those that it needs. The names are
 * those that TensorFlow asks the loader for.
 */
export const CUDA_LIBRARIES: readonly string[] = [
  'cuda_runtime/lib/libcudart.so.12',
  'cuda_nvrtc/lib/libnvrtc.so.12',
  'nvjitlink/lib/libnvJitLink.so.12',
  'cublas/lib/libcublasLt.so.12',
  'cublas/lib/libcublas.so.12',
  'cusparse/lib/libcusparse.so.12',
  'cusolver/lib/libcusolver.so.11',
  'cufft/lib/libcufft.so.11',
  'curand/lib/libcurand.so.10',
  'cuda_cupti/lib/libcupti.so.12',
  'cudnn/lib/libcudnn.so.9',
  'nccl/lib/libnccl.so.2',
];
