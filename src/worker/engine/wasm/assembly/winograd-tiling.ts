/**
 * The geometry of a Winograd convolution and of the chunk at hand.
 *
 * A map's rows are cut into bands, a band into tiles; a tile of size m makes m × m outputs. Sizes
 * may differ along an axis, the largest first: 7 = 4 + 3, 14 = 6 + 4 + 4. A tile of size m uses the
 * first m + taps − 1 of the axis's points, so point i belongs to the first so many tiles of an axis.
 *
 *   tiles of an axis, packed:   count of size 6 | of 4 ≪ 8 | of 3 ≪ 16 | of 2 ≪ 24; 0 is PAIR
 *   maps     [sample][block][y][x][4]          blocks of four channels
 *   planes   [i·nx + j][block][tile][4]        a plane for each pair of points, of those tiles that
 *                                              have both: tile = (column of tiles)·(bands) + band
 *   lines    row of zeros | row to dump | [sample][point] of a band, each `columns` vectors
 *
 * A chunk is some whole samples, or some bands of one sample where a sample has too many tiles.
 * Rows outside a map are read from the row of zeros and written to the row to dump, so that inner
 * loops have no branches.
 */
import { F23, F25, F33, F35, F43, F45, F63, PAIR, outputsOf, pointsOf, storeConstants } from './winograd-transforms';

/** Bytes that the tiling takes at the head of its scratch. */
export const TILING_BYTES: usize = 704;

@unmanaged
export class WinogradTiling {
  taps: i32;
  pad: i32;
  height: i32;
  width: i32;
  blocks: i32;
  outHeight: i32;
  outWidth: i32;
  outputs: i32;
  outBlocks: i32;
  tilesY: i32;
  tilesX: i32;
  /** Bands of a sample, tiles of a band, and points of the largest tile of each axis. */
  bands: i32;
  tiles: i32;
  pointsY: i32;
  pointsX: i32;
  /** Samples in a chunk, or 0: a chunk is `chunkBands` bands. */
  chunkSamples: i32;
  chunkBands: i32;
  /** The chunk at hand: bands [band, bandEnd) of samples [sample, sample + samples). */
  sample: i32;
  samples: i32;
  band: i32;
  bandEnd: i32;
  /** Vectors in a row of lines. */
  columns: i32;
  lines: usize;
  /** Bytes: of a block's tiles, and of a plane of inputs and of outputs. */
  stride: usize;
  inPlane: usize;
  outPlane: usize;
}

/** Behind the tiling, int32 [8] each: bands of the chunk at hand that have point i, and of a sample. */
const BANDS_WITH: usize = 128;
const SAMPLE_BANDS_WITH: usize = 160;
/** Behind that the factors of the transforms. */
export const FACTORS: usize = 192;

/** How many tiles of an axis are of the k-th size, and the form of that size. */
// @ts-ignore: decorator
@inline
export function countOf(packed: i32, k: i32): i32 {
  return (packed >>> (k << 3)) & 255;
}

export const SIZES: i32 = 4;

export function formOf(taps: i32, k: i32): i32 {
  if (taps == 3) return k == 0 ? F63 : k == 1 ? F43 : k == 2 ? F33 : F23;
  return k == 1 ? F45 : k == 2 ? F35 : F25;
}

function tilesOf(packed: i32): i32 {
  return packed == 0
    ? 1
    : countOf(packed, 0) + countOf(packed, 1) + countOf(packed, 2) + countOf(packed, 3);
}

/** How many tiles of an axis have point i. */
export function tilesWith(packed: i32, taps: i32, i: i32): i32 {
  if (packed == 0) return i < 3 ? 1 : 0;
  let sum = 0;
  for (let k = 0; k < SIZES; k++) {
    if (pointsOf(formOf(taps, k)) > i) sum += countOf(packed, k);
  }
  return sum;
}

/** Form of tile `index` of an axis. */
export function formAt(packed: i32, taps: i32, index: i32): i32 {
  if (packed == 0) return PAIR;
  let k = 0;
  while (index >= countOf(packed, k)) index -= countOf(packed, k++);
  return formOf(taps, k);
}

/** First output of tile `index` of an axis. */
export function startAt(packed: i32, taps: i32, index: i32): i32 {
  let start = 0;
  for (let k = 0; k < SIZES && index > 0; k++) {
    const count = min(index, countOf(packed, k));
    start += count * outputsOf(formOf(taps, k));
    index -= count;
  }
  return start;
}

/** The largest form of an axis. */
export function widestForm(packed: i32, taps: i32): i32 {
  return formAt(packed, taps, 0);
}

/** Bytes of a block's tiles: whole groups of four, an odd number of cache lines. */
// @ts-ignore: decorator
@inline
function tileStride(tiles: i32): usize {
  return (<usize>(((tiles + 3) >> 2) | 1)) << 6;
}

/**
 * Bytes of a plane: an odd number of cache lines, so that the same place in all planes falls into
 * different sets of the first cache.
 */
// @ts-ignore: decorator
@inline
export function planeBytes(blocks: i32, stride: usize): usize {
  const bytes = <usize>blocks * stride;
  return bytes & 64 ? bytes : bytes + 64;
}

/** Fills `at`; lines follow it. */
export function describeTiling(
  at: usize,
  taps: i32,
  height: i32,
  width: i32,
  inputs: i32,
  pad: i32,
  outHeight: i32,
  outWidth: i32,
  outputs: i32,
  tilesY: i32,
  tilesX: i32,
  chunkSamples: i32,
  chunkBands: i32,
): WinogradTiling {
  const t = changetype<WinogradTiling>(at);
  t.taps = taps;
  t.pad = pad;
  t.height = height;
  t.width = width;
  t.blocks = (inputs + 3) >> 2;
  t.outHeight = outHeight;
  t.outWidth = outWidth;
  t.outputs = outputs;
  t.outBlocks = (outputs + 3) >> 2;
  t.tilesY = tilesY;
  t.tilesX = tilesX;
  t.bands = tilesOf(tilesY);
  t.tiles = tilesOf(tilesX);
  t.pointsY = pointsOf(widestForm(tilesY, taps));
  t.pointsX = pointsOf(widestForm(tilesX, taps));
  t.chunkSamples = chunkSamples;
  t.chunkBands = chunkBands;
  const bands = chunkSamples > 0 ? chunkSamples * t.bands : chunkBands;
  t.stride = tileStride(bands * t.tiles);
  t.inPlane = planeBytes(t.blocks, t.stride);
  t.outPlane = planeBytes(t.outBlocks, t.stride);
  const span = tilesX == 0 ? 2 : startAt(tilesX, taps, t.tiles) + taps - 1;
  t.columns = max(span, max(width + 2 * pad, outWidth));
  t.lines = at + TILING_BYTES;
  storeConstants(at + FACTORS);
  return t;
}

/** Chunks of `batch` samples. */
export function chunksOf(t: WinogradTiling, batch: i32): i32 {
  if (t.chunkSamples > 0) return (batch + t.chunkSamples - 1) / t.chunkSamples;
  return batch * ((t.bands + t.chunkBands - 1) / t.chunkBands);
}

/** Makes chunk `index` the one at hand. */
export function takeChunk(t: WinogradTiling, batch: i32, index: i32): void {
  const whole = t.chunkSamples > 0;
  if (whole) {
    t.sample = index * t.chunkSamples;
    t.samples = min(t.chunkSamples, batch - t.sample);
    t.band = 0;
    t.bandEnd = t.bands;
  } else {
    const perSample = (t.bands + t.chunkBands - 1) / t.chunkBands;
    t.sample = index / perSample;
    t.samples = 1;
    t.band = (index % perSample) * t.chunkBands;
    t.bandEnd = min(t.bands, t.band + t.chunkBands);
  }
  let at = changetype<usize>(t);
  for (let i = 0; i < 8; i++, at += 4) {
    const bands = max(0, min(t.bandEnd, tilesWith(t.tilesY, t.taps, i)) - t.band);
    store<i32>(at, t.samples * bands, BANDS_WITH);
    store<i32>(at, bands, SAMPLE_BANDS_WITH);
  }
}

/** Bands of the chunk at hand that have point i. */
// @ts-ignore: decorator
@inline
export function bandsWith(t: WinogradTiling, i: i32): i32 {
  return load<i32>(changetype<usize>(t) + ((<usize>i) << 2), BANDS_WITH);
}

/** Bands of a sample of the chunk at hand that have point i. */
// @ts-ignore: decorator
@inline
export function sampleBandsWith(t: WinogradTiling, i: i32): i32 {
  return load<i32>(changetype<usize>(t) + ((<usize>i) << 2), SAMPLE_BANDS_WITH);
}

/** Rows of the product in plane (i, j). */
// @ts-ignore: decorator
@inline
export function rowsOf(t: WinogradTiling, i: i32, j: i32): i32 {
  return bandsWith(t, i) * tilesWith(t.tilesX, t.taps, j);
}

/** Address of row y of a map's block, or `other` where there is no such row. */
// @ts-ignore: decorator
@inline
export function rowOr(map: usize, y: i32, height: i32, rowBytes: usize, other: usize): usize {
  return <u32>y < <u32>height ? map + <usize>y * rowBytes : other;
}

/** Zeros in all of lines: columns beside the map stay so. */
export function clearLines(t: WinogradTiling): void {
  memory.fill(t.lines, 0, (<usize>(t.columns * (t.pointsY * t.samples + 2))) << 4);
}

/** Where the lines of the band at hand begin. */
// @ts-ignore: decorator
@inline
export function bandLines(t: WinogradTiling): usize {
  return t.lines + ((<usize>t.columns) << 5);
}

/** Bytes from a line of one sample to that of the next. */
// @ts-ignore: decorator
@inline
export function sampleLines(t: WinogradTiling): usize {
  return (<usize>(t.columns * t.pointsY)) << 4;
}
