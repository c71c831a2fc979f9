/**
 * The geometry of a Winograd convolution and of the chunk at hand. A band is one row of tiles of
 * one sample; bands are numbered over the samples, band = sample·tilesY + ty, so that a chunk may
 * hold several samples.
 *
 *   maps     [sample][block][y][x][4]       blocks of four channels
 *   points   [i·n + j][block][tile][4]      n × n planes; a block's tiles take `stride` bytes
 *   lines    row of zeros | row to dump | n rows of a band, each `columns` vectors
 *
 * Rows outside a map are read from the row of zeros and written to the row to dump, so that inner
 * loops have no branches.
 */
import { inputsOf, outputsOf, pointsOf } from './winograd-points';

/** Bytes that the chunk takes at the head of its scratch. */
export const CHUNK_BYTES: usize = 128;

@unmanaged
export class WinogradChunk {
  form: i32;
  height: i32;
  width: i32;
  pad: i32;
  blocks: i32;
  outHeight: i32;
  outWidth: i32;
  outputs: i32;
  outBlocks: i32;
  tilesY: i32;
  tilesX: i32;
  /** The chunk at hand: bands [band, band + bands). */
  band: i32;
  bands: i32;
  /** Bytes: of a block's tiles, and of one of the n² planes of V (input) and of M (output). */
  stride: usize;
  inPlane: usize;
  outPlane: usize;
  /** Vectors in a row of lines, and where lines start. */
  columns: i32;
  lines: usize;
}

/** Bytes of a block's tiles: whole groups of four, an odd number of cache lines. */
// @ts-ignore: decorator
@inline
function tileStride(tiles: i32): usize {
  return (<usize>(((tiles + 3) >> 2) | 1)) << 6;
}

/**
 * Bytes of one of the n² planes: an odd number of cache lines, so that the same place in all
 * planes falls into different sets of the first cache.
 */
// @ts-ignore: decorator
@inline
export function planeBytes(blocks: i32, stride: usize): usize {
  const bytes = <usize>blocks * stride;
  return bytes & 64 ? bytes : bytes + 64;
}

/** Fills `at`; lines follow it. */
export function describeChunk(
  at: usize,
  form: i32,
  height: i32,
  width: i32,
  inputs: i32,
  pad: i32,
  outHeight: i32,
  outWidth: i32,
  outputs: i32,
  bandsPerChunk: i32,
): WinogradChunk {
  const chunk = changetype<WinogradChunk>(at);
  const m = outputsOf(form);
  chunk.form = form;
  chunk.height = height;
  chunk.width = width;
  chunk.pad = pad;
  chunk.blocks = (inputs + 3) >> 2;
  chunk.outHeight = outHeight;
  chunk.outWidth = outWidth;
  chunk.outputs = outputs;
  chunk.outBlocks = (outputs + 3) >> 2;
  chunk.tilesY = (outHeight + m - 1) / m;
  chunk.tilesX = (outWidth + m - 1) / m;
  chunk.stride = tileStride(bandsPerChunk * chunk.tilesX);
  chunk.inPlane = planeBytes(chunk.blocks, chunk.stride);
  chunk.outPlane = planeBytes(chunk.outBlocks, chunk.stride);
  chunk.columns = chunk.tilesX * m + inputsOf(form) - m;
  chunk.lines = at + CHUNK_BYTES;
  return chunk;
}

/** Address of row y of a map's block, or `other` where there is no such row. */
// @ts-ignore: decorator
@inline
export function rowOr(map: usize, y: i32, height: i32, rowBytes: usize, other: usize): usize {
  return <u32>y < <u32>height ? map + <usize>y * rowBytes : other;
}

/** Zeros in all of lines: columns beside the map stay so. */
export function clearLines(chunk: WinogradChunk): void {
  memory.fill(chunk.lines, 0, (<usize>(chunk.columns * (pointsOf(chunk.form) + 2))) << 4);
}
