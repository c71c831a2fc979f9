/**
 * The settings that a search may take: a list of dimensions, each with its values. Pure: the same
 * study gives the same settings in the same order everywhere.
 */
import { permutation } from '../data/permutation.js';
import { philox4x32 } from '../numerics/philox.js';
import { realPower } from '../numerics/powers.js';
import { PURPOSE, seedKey, streamWord } from '../numerics/streams.js';
import type { Scalar, ValueRange } from './study-schema.js';

/** One point of the space: what is shown of it, and the configuration keys that it sets. */
export interface Point {
  readonly settings: Readonly<Record<string, Scalar>>;
  readonly keys: Readonly<Record<string, Scalar>>;
}

export interface Dimension {
  /** A configuration key, or `variant`. */
  readonly name: string;
  readonly values:
    | { readonly kind: 'list'; readonly values: readonly Scalar[] }
    | { readonly kind: 'range'; readonly range: ValueRange; readonly whole: boolean };
  /** The keys that a value sets; for a dimension that is a key, that key. */
  keysOf(value: Scalar): Readonly<Record<string, Scalar>>;
}

/** As many digits as matter of a drawn value, or of a power, whose others are float32's error. */
const FEW_DIGITS = 4;
/** Of even steps, all but the dust of binary fractions. */
const MANY_DIGITS = 12;

/** The value at u of the range, in [0, 1]; a whole number where the key takes only those. */
function rangeValue(
  { from, to, scale }: ValueRange,
  whole: boolean,
  u: number,
  digits = scale === 'log' ? FEW_DIGITS : MANY_DIGITS,
): number {
  const value = scale === 'log' ? from * realPower(to / from, u) : from + (to - from) * u;
  return whole ? Math.round(value) : Number(value.toPrecision(digits));
}

/** All values of a dimension in a grid; a range must say how many points. */
export function gridValues({ values }: Dimension): readonly Scalar[] {
  if (values.kind === 'list') return values.values;
  const { range, whole } = values;
  const last = range.points! - 1;
  const all = Array.from({ length: last + 1 }, (_, i) => rangeValue(range, whole, i / last));
  return [...new Set(all)];
}

/** The value for a drawn u in [0, 1). */
function drawnValue({ values }: Dimension, u: number): Scalar {
  if (values.kind === 'list') return values.values[Math.floor(u * values.values.length)]!;
  return rangeValue(values.range, values.whole, u, FEW_DIGITS);
}

function pointOf(dimensions: readonly Dimension[], values: readonly Scalar[]): Point {
  const settings: Record<string, Scalar> = {};
  const keys: Record<string, Scalar> = {};
  dimensions.forEach((dimension, d) => {
    settings[dimension.name] = values[d]!;
    Object.assign(keys, dimension.keysOf(values[d]!));
  });
  return { settings, keys };
}

/** How many points the grid has. */
export const gridSize = (dimensions: readonly Dimension[]): number =>
  dimensions.reduce((size, dimension) => size * gridValues(dimension).length, 1);

/** The points of the grid, the last dimension changing fastest. */
export function gridPoints(dimensions: readonly Dimension[]): readonly Point[] {
  const values = dimensions.map(gridValues);
  const pointAt = (index: number): Point => {
    const chosen: Scalar[] = [];
    let rest = index;
    for (let d = dimensions.length - 1; d >= 0; d--) {
      chosen[d] = values[d]![rest % values[d]!.length]!;
      rest = Math.floor(rest / values[d]!.length);
    }
    return pointOf(dimensions, chosen);
  };
  return Array.from({ length: gridSize(dimensions) }, (_, index) => pointAt(index));
}

/** The points of the grid in an order drawn from the seed: its beginnings are fair samples. */
export function shuffledGrid(dimensions: readonly Dimension[], seed: number): readonly Point[] {
  const points = gridPoints(dimensions);
  const order = permutation(seed, PURPOSE.search, 0, points.length);
  return Array.from(order, (index) => points[index]!);
}

/** A space of lists may have fewer points than were asked for: so many draws are tried a point. */
const DRAWS_A_POINT = 64;

/**
 * `count` points drawn at random, each value by itself; a point that was drawn before is left out,
 * so that a small space may give fewer.
 */
export function randomPoints(
  dimensions: readonly Dimension[],
  count: number,
  seed: number,
): readonly Point[] {
  const [key0, key1] = seedKey(seed);
  const stream = streamWord(PURPOSE.search, 1);
  const words = new Uint32Array(4);
  const points = new Map<string, Point>();
  for (let draw = 0; points.size < count && draw < DRAWS_A_POINT * count + 1000; draw++) {
    const values = dimensions.map((dimension, d) => {
      philox4x32(0, d, draw, stream, key0, key1, words);
      return drawnValue(dimension, words[0]! / 4294967296);
    });
    const name = JSON.stringify(values);
    if (!points.has(name)) points.set(name, pointOf(dimensions, values));
  }
  return [...points.values()];
}
