/**
 * Which GPUs a process is to compute on: all, none, or those with these numbers, which are those of
 * `nvidia-smi`. null: nobody has said; then all that can be used, and none where none can.
 */
export type GpuWish = 'all' | 'none' | readonly number[] | null;

/** What `gpus` may be in a configuration, and `--gpus` of a worker. */
export const GPUS_PATTERN = /^(?:all|none|\d{1,3}(?:,\d{1,3})*)$/;

/** `text` matches GPUS_PATTERN. */
export function gpuWishOf(text: string | null): GpuWish {
  if (text === null || text === 'all' || text === 'none') return text;
  return text.split(',').map(Number);
}

/** The wish as it is written in a configuration. */
export function gpuWishText(wish: GpuWish): string | null {
  return typeof wish === 'string' || wish === null ? wish : wish.join(',');
}

/** One sentence on what is wrong with a text that matches GPUS_PATTERN, or null. */
export function gpusFault(text: string): string | null {
  const wish = gpuWishOf(text);
  if (wish === null || typeof wish === 'string') return null;
  const twice = wish.find((index, i) => wish.indexOf(index) !== i);
  return twice === undefined ? null : `GPU ${twice} is named twice in ${JSON.stringify(text)}`;
}

/**
 * The GPUs of a worker. `given`, `engine`: its own wishes; null: none. Where nothing is given, it
 * computes on GPUs if the run does, and its engine can.
 */
export function workerGpus(
  given: GpuWish,
  engine: string | null | undefined,
  runIsOnGpus: boolean,
): GpuWish {
  if (given !== null) return given;
  if (!runIsOnGpus) return 'none';
  if (engine === 'auto') return null;
  return (engine ?? 'tensorflow') === 'tensorflow' ? 'all' : 'none';
}
