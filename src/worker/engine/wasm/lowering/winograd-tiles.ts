/**
 * How a map's rows or columns are cut into Winograd tiles: as assembly/winograd-tiling.ts has it.
 * It depends on the map alone, never on the machine.
 */

/**
 * Sizes of tiles, the largest first, by taps of the filter. The largest one only along rows: used
 * along both axes its rounding errors would come near 1e-5 of the largest result.
 */
const ROW_SIZES: Readonly<Record<3 | 5, readonly number[]>> = { 3: [6, 4, 3, 2], 5: [4, 3, 2] };
const COLUMN_SIZES: Readonly<Record<3 | 5, readonly number[]>> = { 3: [4, 3, 2], 5: [3, 2] };

/** A tile of each size in the packed tiles. */
const PACKED: Readonly<Record<number, number>> = { 6: 1, 4: 1 << 8, 3: 1 << 16, 2: 1 << 24 };

export interface AxisTiles {
  /** Counts by size, a byte each, as kernels take them; 0 is a line of two between zeros (PAIR). */
  readonly packed: number;
  readonly tiles: number;
  /** Points of the largest tile: planes along this axis. */
  readonly points: number;
  /** Inputs that the tiles read together. */
  readonly span: number;
  /** Products along this axis. */
  readonly products: number;
}

export const PAIR: AxisTiles = { packed: 0, tiles: 1, points: 3, span: 2, products: 3 };

export function rowTiles(width: number, taps: 3 | 5): AxisTiles {
  return axisTiles(width, taps, ROW_SIZES[taps]);
}

export function columnTiles(height: number, taps: 3 | 5): AxisTiles {
  return axisTiles(height, taps, COLUMN_SIZES[taps]);
}

/** Tiles that cover `length` outputs with the fewest products; of equal ones the fewest tiles. */
function axisTiles(length: number, taps: 3 | 5, sizes: readonly number[]): AxisTiles {
  const products = (tiles: readonly number[]) =>
    tiles.reduce((sum, size) => sum + size + taps - 1, 0);
  const cost = (tiles: readonly number[]) => products(tiles) + tiles.length / 256;
  // best[l]: tiles for the first l outputs, the largest first.
  const best: (readonly number[])[] = [[]];
  for (let l = 1; l <= length; l++) {
    const candidates = sizes.map((size) => {
      const rest = best[Math.max(0, l - size)]!;
      return [...rest, size].sort((a, b) => b - a);
    });
    best[l] = candidates.reduce((a, b) => (cost(b) < cost(a) ? b : a));
  }
  const tiles = best[length]!;
  return {
    packed: tiles.reduce((sum, size) => sum + PACKED[size]!, 0),
    tiles: tiles.length,
    points: tiles[0]! + taps - 1,
    span: tiles.reduce((sum, size) => sum + size, 0) + taps - 1,
    products: products(tiles),
  };
}
