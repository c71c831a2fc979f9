import { Message } from './compile/protobuf.js';
import type { Gpu } from './gpu/listing.js';

/** What the library is to be loaded for. */
export interface LibraryUse {
  /** In the order in which it is to number them; none: the processor computes. */
  readonly gpus: readonly Gpu[];
  readonly fastMath: boolean;
}

/**
 * What TensorFlow's library, CUDA and the binding read from the environment when they are loaded,
 * and never again. Set by the main thread: in other threads of Node `process.env` is a copy.
 */
export function setLibraryEnvironment(env: NodeJS.ProcessEnv, use: LibraryUse): void {
  const { gpus, fastMath } = use;
  // Its greetings on standard error: what processor it found, that oneDNN is on.
  env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  env[CONFIG_VARIABLE] = Buffer.from(configProto(gpus, env)).toString('hex');
  // Numbers as nvidia-smi has them; and no GPU is touched, not for memory either, that is not used.
  const real = gpus.filter(({ isVirtual }) => !isVirtual);
  env['CUDA_DEVICE_ORDER'] = 'PCI_BUS_ID';
  env['CUDA_VISIBLE_DEVICES'] = real.length === 0 ? '-1' : real.map(({ uuid }) => uuid).join(',');
  // Kernels whose sums do not depend on which thread of a GPU comes first; others are refused.
  env['TF_DETERMINISTIC_OPS'] = '1';
  env['TF_CUDNN_DETERMINISTIC'] = '1';
  env['CUBLAS_WORKSPACE_CONFIG'] ??= ':4096:8';
  // No kernel is chosen by a timing: another one gives other bits.
  env['TF_CUDNN_USE_AUTOTUNE'] = '0';
  env['TF_MATMUL_AUTOTUNE_ENABLE'] = '0';
  // Products of float32 with ten bits of mantissa, on GPUs since Ampere.
  if (fastMath) delete env['NVIDIA_TF32_OVERRIDE'];
  else env['NVIDIA_TF32_OVERRIDE'] = '0';
  // Memory of a GPU as it is needed, not all of it at the start.
  env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
}

/** The binding makes every context and every session with the ConfigProto that it holds, as hex. */
export const CONFIG_VARIABLE = 'LOCKSTEP_TENSORFLOW_CONFIG';

/**
 * TensorFlow's ConfigProto, by the field numbers of tensorflow/core/protobuf/config.proto. On
 * processors a session computes in the thread that asks, alone: the number of threads decides bits.
 */
export function configProto(gpus: readonly Gpu[], env: NodeJS.ProcessEnv): Uint8Array {
  const config = new Message();
  const virtual = gpus.filter(({ isVirtual }) => isVirtual).length;
  // device_count: one part of the processor for itself, and one for each that stands for a GPU.
  if (virtual > 0) config.message(1, new Message().text(1, 'CPU').int(2, virtual + 1));
  // intra_op_parallelism_threads; inter_op_parallelism_threads −1: in the caller's thread.
  config.int(2, 1).int(5, -1);
  if (gpus.length > 0) {
    // allow_soft_placement: operations without a kernel for GPUs, such as on shapes, go elsewhere.
    config.int(7, 1);
    // gpu_options.allow_growth.
    config.message(6, new Message().int(4, 1));
  }
  // log_device_placement, on standard output.
  if (env['LOCKSTEP_LOG_PLACEMENT'] === '1') config.int(8, 1);
  return config.encode();
}

/** The library's name of the device that `gpus[index]` is. */
export function deviceName(gpus: readonly Gpu[], index: number): string {
  const prefix = '/job:localhost/replica:0/task:0/device:';
  return gpus[index]!.isVirtual ? `${prefix}CPU:${index + 1}` : `${prefix}GPU:${index}`;
}
