import type { Raster } from '#src/shared/photos/raster.js';

/** Bytes of a linear congruential generator (x ← 1664525 x + 1013904223 mod 2³²), the upper eight bits. */
export function randomBytesOf(
  height: number,
  width: number,
  channels: number,
  seed: number,
): Raster {
  let state = seed;
  const pixels = Uint8Array.from({ length: height * width * channels }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
  return { height, width, channels, pixels };
}
