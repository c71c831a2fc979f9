/**
 * Where the pixels of a changed image come from: an affine map about the image's centre.
 *
 *   place in the image = R(rotation) · slant · zoom · mirror · (source − centre) + centre + shift
 *
 * is turned round, so that each pixel asks for its source. All in float64 out of + − × ÷: the same
 * bits in every engine.
 */
import type { ImageShape } from '../data/image-set.js';
import { cosinePi } from '../numerics/exact-cosine.js';
import type { Augmentation } from './augmentation.js';
import { between, DRAW, unit, type Draws } from './draws.js';

export interface Geometry {
  readonly mirrored: boolean;
  /** In whole pixels, to the right and down. */
  readonly right: number;
  readonly down: number;
  readonly zoom: number;
  /** In half turns, against the clock, in (−1, 1). */
  readonly turn: number;
  readonly slant: number;
}

/** source x = xx·x + xy·y + x0, source y = yx·x + yy·y + y0; x to the right, y down. */
export interface SourceMap {
  readonly xx: number;
  readonly xy: number;
  readonly x0: number;
  readonly yx: number;
  readonly yy: number;
  readonly y0: number;
}

/** Words 0 … 5 of the sample's stream `geometry`, whichever of them are needed. */
export function drawGeometry(
  draws: Draws,
  { flip, shift, zoom, rotation, shear }: Augmentation,
  { height, width }: ImageShape,
): Geometry {
  const first = draws.block(DRAW.geometry, 0);
  const mirrored = flip && unit(first[0]!) < 0.5;
  const right = Math.floor(between(-shift, shift, first[1]!) * width + 0.5);
  const down = Math.floor(between(-shift, shift, first[2]!) * height + 0.5);
  const size = between(1 - zoom, 1 + zoom, first[3]!);
  if (rotation === 0 && shear === 0) {
    return { mirrored, right, down, zoom: size, turn: 0, slant: 0 };
  }
  const second = draws.block(DRAW.geometry, 1);
  const turn = between(-rotation, rotation, second[0]!) / 180;
  const slant = between(-shear, shear, second[1]!);
  return { mirrored, right, down, zoom: size, turn, slant };
}

/** Whether pixels only change places, so that none has to be made of its neighbours. */
export function isRigid({ zoom, turn, slant }: Geometry): boolean {
  return zoom === 1 && turn === 0 && slant === 0;
}

export function sourceMap(geometry: Geometry, { height, width }: ImageShape): SourceMap {
  const { mirrored, right, down, zoom, turn, slant } = geometry;
  const cosine = cosinePi(Math.abs(turn));
  const sine = turn < 0 ? -sinePi(-turn) : sinePi(turn);
  // The inverse of a turn against the clock with y pointing down …
  const [ax, ay, bx, by] = [cosine, -sine, sine, cosine];
  // … then of the slant (x + slant·y), of the zoom, and of the mirror.
  const mirror = mirrored ? -1 : 1;
  const xx = ((ax - slant * bx) / zoom) * mirror;
  const xy = ((ay - slant * by) / zoom) * mirror;
  const [yx, yy] = [bx / zoom, by / zoom];
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2];
  const [fromX, fromY] = [centreX + right, centreY + down];
  return {
    ...{ xx, xy, x0: centreX - xx * fromX - xy * fromY },
    ...{ yx, yy, y0: centreY - yx * fromX - yy * fromY },
  };
}

/** sin(π·x) for x from 0 to 1. */
const sinePi = (x: number): number => cosinePi(x < 0.5 ? 0.5 - x : x - 0.5);
