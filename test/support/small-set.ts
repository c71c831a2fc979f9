import type { ImageSet } from '#src/shared/data/image-set.js';
import { generator } from '../worker/engine/wasm/harness.js';

/** Random grey images of ten classes in shared memory, always the same. */
export function smallSet(samples: number): ImageSet {
  const shape = { height: 28, width: 28, channels: 1 };
  const random = generator(3);
  const filled = <T extends Uint8Array | Uint16Array>(array: T, limit: number): T => {
    for (let i = 0; i < array.length; i++) array[i] = random(limit);
    return array;
  };
  return {
    shape,
    classes: Array.from({ length: 10 }, (_, label) => String(label)),
    count: samples,
    pixels: filled(new Uint8Array(new SharedArrayBuffer(samples * 784)), 256),
    labels: filled(new Uint16Array(new SharedArrayBuffer(samples * 2)), 10),
  };
}
