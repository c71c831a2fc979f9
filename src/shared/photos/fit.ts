/** How a picture comes to given sizes. */
import { luma, type Raster, type Rgb } from './raster.js';
import { resized } from './resize.js';

/**
 * `contain`: as large as fits, centred on the background; `cover`: as small as covers, centred, and
 * what stands over cut off; `stretch`: to the sizes, whatever becomes of the proportions.
 */
export const FITS = ['contain', 'cover', 'stretch'] as const;
export type Fit = (typeof FITS)[number];

export interface Sizes {
  readonly height: number;
  readonly width: number;
}

/** The picture at the sizes that `contain` or `cover` scales it to; one pixel at least. */
export function scaledSizes(from: Sizes, to: Sizes, fit: Exclude<Fit, 'stretch'>): Sizes {
  const isWider = from.width * to.height >= from.height * to.width;
  const byWidth = isWider === (fit === 'contain');
  return byWidth
    ? { width: to.width, height: Math.max(1, Math.round((from.height * to.width) / from.width)) }
    : { height: to.height, width: Math.max(1, Math.round((from.width * to.height) / from.height)) };
}

/** Scaled to be placed by `placed`. */
export function scaled(raster: Raster, to: Sizes, fit: Fit): Raster {
  const { height, width } = fit === 'stretch' ? to : scaledSizes(raster, to, fit);
  return resized(raster, height, width);
}

/** In the middle of a picture of these sizes: on the background, or cut off. */
export function placed(raster: Raster, { height, width }: Sizes, background: Rgb): Raster {
  if (raster.height === height && raster.width === width) return raster;
  const { channels } = raster;
  const colour = channels === 1 ? [luma(...background)] : background;
  const pixels = new Uint8Array(height * width * channels);
  for (let i = 0; i < pixels.length; i++) pixels[i] = colour[i % channels]!;
  // Where the two overlap: from these places on, over so many rows and columns.
  const over = (have: number, want: number) => Math.floor(Math.abs(want - have) / 2);
  const [downIn, rightIn] = [over(raster.height, height), over(raster.width, width)];
  const rows = Math.min(height, raster.height);
  const columns = Math.min(width, raster.width);
  const fromX = raster.width > width ? rightIn : 0;
  const toX = raster.width > width ? 0 : rightIn;
  for (let y = 0; y < rows; y++) {
    const fromY = raster.height > height ? y + downIn : y;
    const toY = raster.height > height ? y : y + downIn;
    const from = (fromY * raster.width + fromX) * channels;
    const line = raster.pixels.subarray(from, from + columns * channels);
    pixels.set(line, (toY * width + toX) * channels);
  }
  return { height, width, channels, pixels };
}
