/** What is made of each photograph on its way into a data set. */
import { LockstepError } from '../errors.js';
import { placed, scaled, type Fit, type Sizes } from './fit.js';
import { flatten, inverted, stretched, toColour, toGrey, type Raster, type Rgb } from './raster.js';

export interface PhotoOptions {
  /** One channel; otherwise all photographs have three. */
  readonly grey: boolean;
  /** null: as they are, and then all must have the same sizes. */
  readonly resize: Sizes | null;
  readonly fit: Fit;
  /** What transparent photographs lie on, and what `contain` fills up with. */
  readonly background: Rgb;
  /** Whether the values of each are stretched to 0 … 255. */
  readonly normalize: boolean;
  readonly invert: boolean;
}

/**
 * In this order: laid on the background where there is transparency, grey, scaled, stretched, placed
 * on the background, inverted (and the background with it). Exact: the same bytes on every machine.
 */
export function processed(raster: Raster, options: PhotoOptions): Raster {
  const { grey, resize, fit, background, normalize, invert } = options;
  const hasAlpha = raster.channels % 2 === 0;
  const flat = hasAlpha ? flatten(raster, background) : raster;
  const coloured = grey ? toGrey(flat) : toColour(flat);
  const small = resize === null ? coloured : scaled(coloured, resize, fit);
  const spread = normalize ? stretched(small) : small;
  const whole = resize === null ? spread : placed(spread, resize, background);
  return invert ? inverted(whole) : whole;
}

const NAMED: Readonly<Record<string, Rgb>> = { white: [255, 255, 255], black: [0, 0, 0] };

/** `white`, `black`, or `#rrggbb`. Throws USAGE_INVALID. */
export function parseColour(text: string): Rgb {
  const named = NAMED[text.toLowerCase()];
  if (named !== undefined) return named;
  const match = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(text);
  if (match === null) {
    throw new LockstepError('USAGE_INVALID', `${JSON.stringify(text)} is no colour.`, {
      hint: 'Give white, black, or #rrggbb, such as #f0f0f0.',
    });
  }
  return [1, 2, 3].map((i) => parseInt(match[i]!, 16)) as unknown as Rgb;
}
