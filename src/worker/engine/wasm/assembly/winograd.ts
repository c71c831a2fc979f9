/**
 * 3×3 convolution, stride 1, by Winograd's minimal filtering: transforms of chunks of tiles around
 * n² matrix products over channels.
 *
 *   forward    V = Bᵀ·x·B      M = V·U          y = Aᵀ·M·A + bias, ReLU
 *   backward   dM = A·dy·Aᵀ    dU = Vᵀ·dM       dw = Gᵀ·dU·G
 *                              dV = dM·Uᵀ       dx = B·dV·Bᵀ          db = Σ dy
 *
 * A chunk is `bandsPerChunk` rows of tiles, of one or several samples, so that its V and M stay in
 * the second cache. Scratch: v and products, n² planes of a chunk each; du in the layout of U;
 * `lines`, a WinogradChunk and its lines.
 */
import { gemmColumns, gemmRows } from './gemm';
import { describeChunk, planeBytes } from './winograd-chunk';
import { inputGradients, transformInput } from './winograd-input';
import { outputGradients, transformOutput } from './winograd-output';
import { pointsOf } from './winograd-points';
import { winogradWeightGradients } from './winograd-weights';

/** x [batch][inputs/4][height][width][4] → y [batch][outputs/4][outHeight][outWidth][4]. */
export function winogradForward(
  form: i32,
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
  bias: usize,
  activate: bool,
  u: usize,
  v: usize,
  products: usize,
  lines: usize,
  bandsPerChunk: i32,
): void {
  const chunk = describeChunk(
    lines,
    form,
    height,
    width,
    inputs,
    pad,
    outHeight,
    outWidth,
    outputs,
    bandsPerChunk,
  );
  const points = pointsOf(form) * pointsOf(form);
  const stride = chunk.stride;
  const uStride = (<usize>chunk.blocks) << 6;
  const uPlane = planeBytes(chunk.outBlocks, uStride);
  const total = batch * chunk.tilesY;
  for (let band = 0; band < total; band += bandsPerChunk) {
    chunk.band = band;
    chunk.bands = min(bandsPerChunk, total - band);
    const tiles = chunk.bands * chunk.tilesX;
    transformInput(chunk, x, v);
    for (let point = 0; point < points; point++) {
      const a = v + chunk.inPlane * point;
      const c = products + chunk.outPlane * point;
      gemmRows(
        a,
        16,
        stride,
        u + uPlane * point,
        uStride,
        c,
        16,
        stride,
        tiles,
        outputs,
        inputs,
        0,
        0,
      );
    }
    transformOutput(chunk, products, y, bias, activate);
  }
}

/**
 * Gradients for x, w and bias, each where its address is not 0; dy counts as zero where `mask` is
 * on and y is not > 0.
 */
export function winogradBackward(
  form: i32,
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
  bandsPerChunk: i32,
): void {
  const chunk = describeChunk(
    lines,
    form,
    height,
    width,
    inputs,
    pad,
    outHeight,
    outWidth,
    outputs,
    bandsPerChunk,
  );
  const points = pointsOf(form) * pointsOf(form);
  const stride = chunk.stride;
  const uStride = (<usize>chunk.blocks) << 6;
  const uPlane = planeBytes(chunk.outBlocks, uStride);
  const tStride = (<usize>chunk.outBlocks) << 6;
  const tPlane = planeBytes(chunk.blocks, tStride);
  const total = batch * chunk.tilesY;
  for (let band = 0; band < total; band += bandsPerChunk) {
    chunk.band = band;
    chunk.bands = min(bandsPerChunk, total - band);
    const tiles = chunk.bands * chunk.tilesX;
    outputGradients(chunk, dy, y, mask, products, biasGradient);
    if (dw) {
      transformInput(chunk, x, v);
      for (let point = 0; point < points; point++) {
        const a = v + chunk.inPlane * point;
        const b = products + chunk.outPlane * point;
        gemmColumns(
          a,
          16,
          stride,
          b,
          16,
          stride,
          du + uPlane * point,
          16,
          uStride,
          chunk.blocks * 4,
          chunk.outBlocks * 4,
          tiles,
          band != 0,
        );
      }
    }
    if (dx) {
      for (let point = 0; point < points; point++) {
        const a = products + chunk.outPlane * point;
        const c = v + chunk.inPlane * point;
        gemmRows(
          a,
          16,
          stride,
          transposed + tPlane * point,
          tStride,
          c,
          16,
          stride,
          tiles,
          inputs,
          outputs,
          0,
          0,
        );
      }
      inputGradients(chunk, v, dx);
    }
  }
  if (dw) winogradWeightGradients(form, du, inputs, outputs, dw, chunk.lines);
}
