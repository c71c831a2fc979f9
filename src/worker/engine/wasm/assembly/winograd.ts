/**
 * Convolution with 3 × 3 or 5 × 5 taps, stride 1, by Winograd's minimal filtering: transforms of
 * chunks of tiles around matrix products over channels, one for each pair of points.
 *
 *   forward    V = Bᵀ·x·B      M = V·U          y = Aᵀ·M·A + bias, ReLU, max pool
 *   backward   dM = A·dy·Aᵀ    dU = Vᵀ·dM       dw = Gᵀ·dU·G
 *                              dV = dM·Uᵀ       dx = B·dV·Bᵀ          db = Σ dy
 *
 * A chunk's V and M stay in the second cache. Scratch: v and products, planes of a chunk each; du
 * in the layout of U; `lines`, a WinogradTiling and its lines; `map`, a block of an output map where
 * there is a pool; `pool`, a PoolWindow or 0; `biasSums`, a vector an output block.
 */
import { gemmColumns, gemmRows } from './gemm';
import { PoolWindow } from './pool-window';
import { putChannels } from './simd';
import { inputGradientsOf, transformInput } from './winograd-input';
import { transformOutput, transformOutputGradients } from './winograd-output';
import {
  WinogradTiling,
  chunksOf,
  describeTiling,
  planeBytes,
  rowsOf,
  takeChunk,
} from './winograd-tiling';
import { weightGradientsOf } from './winograd-weights';

/** x [batch][inputs/4][height][width][4] → y [batch][outputs/4][outHeight][outWidth][4]. */
export function winogradForward(
  taps: i32,
  x: usize,
  height: i32,
  width: i32,
  inputs: i32,
  pad: i32,
  y: usize,
  outHeight: i32,
  outWidth: i32,
  outputs: i32,
  batch: i32,
  tilesY: i32,
  tilesX: i32,
  chunkSamples: i32,
  chunkBands: i32,
  bias: usize,
  activate: bool,
  u: usize,
  v: usize,
  products: usize,
  lines: usize,
  pool: usize,
  places: usize,
  map: usize,
): void {
  const t = describeTiling(
    lines, taps, height, width, inputs, pad, outHeight, outWidth, outputs,
    tilesY, tilesX, chunkSamples, chunkBands,
  );
  const uPlane = planeBytes(t.outBlocks, (<usize>t.blocks) << 6);
  const chunks = chunksOf(t, batch);
  for (let chunk = 0; chunk < chunks; chunk++) {
    takeChunk(t, batch, chunk);
    transformInput(t, x, v, 0, t.blocks);
    multiplyPlanes(t, v, t.inPlane, inputs, u, uPlane, products, t.outPlane, outputs);
    transformOutput(t, products, y, bias, activate, changetype<PoolWindow | null>(pool), places, map);
  }
}

/**
 * Gradients for x, w and bias, each where its address is not 0; dy counts as zero where `mask` is
 * on and y is not > 0. `add`: to what dw and the bias gradient hold. Part `part` of `parts` does the
 * dx of a range of samples, the dw of a range of input blocks, and the first the bias gradient.
 */
export function winogradBackward(
  part: i32,
  parts: i32,
  add: bool,
  taps: i32,
  x: usize,
  height: i32,
  width: i32,
  inputs: i32,
  pad: i32,
  y: usize,
  outHeight: i32,
  outWidth: i32,
  outputs: i32,
  batch: i32,
  tilesY: i32,
  tilesX: i32,
  chunkSamples: i32,
  chunkBands: i32,
  dy: usize,
  mask: bool,
  dx: usize,
  dw: usize,
  biasGradient: usize,
  transposed: usize,
  v: usize,
  products: usize,
  du: usize,
  lines: usize,
  pool: usize,
  places: usize,
  map: usize,
  biasSums: usize,
): void {
  const t = describeTiling(
    lines, taps, height, width, inputs, pad, outHeight, outWidth, outputs,
    tilesY, tilesX, chunkSamples, chunkBands,
  );
  const tPlane = planeBytes(t.blocks, (<usize>t.outBlocks) << 6);
  const chunks = chunksOf(t, batch);
  const perSample = chunkSamples > 0 ? 1 : chunks / batch;
  const pieces = chunks / perSample;
  const dxFrom = dx ? ((pieces * part) / parts) * perSample : 0;
  const dxTo = dx ? ((pieces * (part + 1)) / parts) * perSample : 0;
  const blockFrom = (t.blocks * part) / parts;
  const blockTo = dw ? (t.blocks * (part + 1)) / parts : blockFrom;
  const biased = part == 0 && biasGradient != 0;
  for (let chunk = 0; chunk < chunks; chunk++) {
    const wantsDx = chunk >= dxFrom && chunk < dxTo;
    if (!wantsDx && blockFrom == blockTo && !biased) continue;
    takeChunk(t, batch, chunk);
    transformOutputGradients(
      t, dy, y, mask, products, biased ? biasSums : 0, chunk == 0,
      changetype<PoolWindow | null>(pool), places, map,
    );
    if (blockFrom < blockTo) {
      transformInput(t, x, v, blockFrom, blockTo);
      addPointGradients(t, v, products, du, blockFrom, blockTo, chunk > 0);
    }
    if (wantsDx) {
      multiplyPlanes(t, products, t.outPlane, outputs, transposed, tPlane, v, t.inPlane, inputs);
      inputGradientsOf(t, v, dx);
    }
  }
  if (biased) putChannels(biasGradient, biasSums, outputs, add);
  if (blockFrom < blockTo) {
    weightGradientsOf(taps, tilesY, tilesX, du, inputs, outputs, dw, blockFrom, blockTo, add, t.lines);
  }
}

/**
 * C = A·B in every plane of the chunk at hand: rows are its tiles, A has `depth` channels and C
 * `columns`; B is laid out as U.
 */
function multiplyPlanes(
  t: WinogradTiling,
  a: usize,
  aPlane: usize,
  depth: i32,
  b: usize,
  bPlane: usize,
  c: usize,
  cPlane: usize,
  columns: i32,
): void {
  const bColumn = (<usize>((depth + 3) >> 2)) << 6;
  for (let i = 0; i < t.pointsY; i++) {
    for (let j = 0; j < t.pointsX; j++) {
      gemmRows(a, 16, t.stride, b, bColumn, c, 16, t.stride, rowsOf(t, i, j), columns, depth, 0, 0);
      a += aPlane;
      b += bPlane;
      c += cPlane;
    }
  }
}

/** dU = Vᵀ·dM over the chunk at hand, for inputs of blocks [blockFrom, blockTo). */
function addPointGradients(
  t: WinogradTiling,
  v: usize,
  products: usize,
  du: usize,
  blockFrom: i32,
  blockTo: i32,
  accumulate: bool,
): void {
  const uStride = (<usize>t.blocks) << 6;
  const uPlane = planeBytes(t.outBlocks, uStride);
  for (let i = 0; i < t.pointsY; i++) {
    for (let j = 0; j < t.pointsX; j++) {
      const plane: usize = i * t.pointsX + j;
      const rows = rowsOf(t, i, j);
      if (rows == 0) continue;
      const a = v + t.inPlane * plane + t.stride * blockFrom;
      const b = products + t.outPlane * plane;
      const c = du + uPlane * plane + ((<usize>blockFrom) << 6);
      gemmColumns(a, 16, t.stride, b, 16, t.stride, c, 16, uStride, (blockTo - blockFrom) * 4, t.outBlocks * 4, rows, accumulate);
    }
  }
}
