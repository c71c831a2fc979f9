/**
 * What TensorFlow's library reads from the environment when it is loaded, and never again. Set by
 * the main thread: in other threads of Node `process.env` is a copy.
 */
export function setLibraryEnvironment(env: NodeJS.ProcessEnv, fastMath: boolean): void {
  // Its greetings on standard error: what processor it found, that oneDNN is on.
  env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  // Kernels whose sums do not depend on which thread of a GPU comes first; others are refused.
  env['TF_DETERMINISTIC_OPS'] = '1';
  env['TF_CUDNN_DETERMINISTIC'] = '1';
  // Products of float32 with ten bits of mantissa, on GPUs since Ampere.
  if (fastMath) delete env['NVIDIA_TF32_OVERRIDE'];
  else env['NVIDIA_TF32_OVERRIDE'] = '0';
  // Memory of a GPU as it is needed, not all of it at the start.
  env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
}
