/**
 * Gradients of a convolution with any window, as products over a chunk's image (conv-window.ts):
 *
 *   dw[k][n] = Σ_m image[m][k]·dy[m][n]      db[n] = Σ_m dy[m][n]
 *   dx = Σ over taps of dy·wᵀ, each added where the tap had read
 *
 * with m the output positions of the samples and k the elements of the window.
 */
import { ConvWindow, convImage } from './conv-window';
import { gemmRows } from './gemm';
import { INDEXED, SCATTERED, columnTile } from './gemm-column-tile';
import { loadLanes, putChannels, putLanes, whereOn } from './simd';

/**
 * Gradients for x, w and bias, each where its address is not 0; dy counts as zero where `mask` is
 * on and y is not > 0. `add`: to what dw and the bias gradient hold. `transposed` are the weights of
 * packWeights (groups: taps). Part `part` of `parts` does the dx of a range of samples, the dw of a
 * range of outputs, and the first the bias gradient.
 *
 * Scratch for a chunk of m positions: copy (the image), gradients [outputs/4][m][4], patches
 * [channels/4][m][4], both with m rounded up to an odd number of fours. `sums`: of the bias
 * gradient, whole blocks; then, unless one chunk is all, of dw in its layout.
 */
export function convBackward(
  part: i32,
  parts: i32,
  add: bool,
  at: usize,
  x: usize,
  y: usize,
  dy: usize,
  mask: bool,
  batch: i32,
  dx: usize,
  dw: usize,
  biasGradient: usize,
  transposed: usize,
  copy: usize,
  gradients: usize,
  patches: usize,
  sums: usize,
): void {
  const w = changetype<ConvWindow>(at);
  const most = w.chunkSamples * w.chunkRows * w.outWidth;
  const stride = (<usize>(((most + 3) >> 2) | 1)) << 6;
  const dxFrom = dx ? (batch * part) / parts : 0;
  const dxTo = dx ? (batch * (part + 1)) / parts : 0;
  const pairs = (w.outputs + 7) >> 3;
  const outFrom = ((pairs * part) / parts) << 3;
  const outTo = dw ? min(w.outputs, ((pairs * (part + 1)) / parts) << 3) : outFrom;
  const isWhole = batch <= w.chunkSamples && w.outHeight <= w.chunkRows;
  const weightSums = sums + ((<usize>w.outBlocks) << 4);
  const biased = part == 0 && biasGradient != 0;
  let first = true;
  if (dxFrom < dxTo) memory.fill(dx + w.inputSample * dxFrom, 0, w.inputSample * (dxTo - dxFrom));
  for (let sample = 0; sample < batch; sample += w.chunkSamples) {
    const samples = min(w.chunkSamples, batch - sample);
    const from = max(sample, dxFrom);
    const to = min(sample + samples, dxTo);
    if (from >= to && outFrom >= outTo && !biased) continue;
    for (let row = 0; row < w.outHeight; row += w.chunkRows) {
      const outRows = min(w.chunkRows, w.outHeight - row);
      const offset = w.outputSample * sample + ((<usize>(row * w.outWidth)) << 4);
      gatherGradients(
        w,
        dy + offset,
        y + offset,
        mask,
        samples,
        outRows,
        gradients,
        stride,
        biased ? sums : 0,
        first,
      );
      if (outFrom < outTo) {
        const image = convImage(w, x, sample, samples, row, copy);
        addWeightGradients(
          w,
          image,
          gradients,
          stride,
          samples * outRows * w.outWidth,
          isWhole ? dw : weightSums,
          outFrom,
          outTo,
          isWhole ? add : !first,
        );
      }
      if (from < to) {
        const own = gradients + ((<usize>((from - sample) * outRows * w.outWidth)) << 4);
        const map = dx + w.inputSample * from;
        addInputGradients(w, own, stride, to - from, row, outRows, transposed, patches, map);
      }
      first = false;
    }
  }
  if (biased) putChannels(biasGradient, sums, w.outputs, add);
  if (isWhole || outFrom >= outTo) return;
  const rows = w.kernelY * w.kernelX * w.channels;
  for (let k = 0; k < rows; k++) {
    for (let n = outFrom; n < outTo; n += 4) {
      const to = (<usize>(k * w.outputs + n)) << 2;
      const lanes = outTo - n;
      putLanes(dw + to, loadLanes(weightSums + to, lanes), lanes, add);
    }
  }
}

/** The chunk's dy side by side, masked; its sums are stored (first) or added. */
function gatherGradients(
  w: ConvWindow,
  dy: usize,
  y: usize,
  mask: bool,
  samples: i32,
  outRows: i32,
  gradients: usize,
  stride: usize,
  biasSums: usize,
  first: bool,
): void {
  const bytes = (<usize>(outRows * w.outWidth)) << 4;
  const plane = (<usize>(w.outHeight * w.outWidth)) << 4;
  for (let block = 0; block < w.outBlocks; block++) {
    let to = gradients + stride * block;
    let total = f32x4.splat(0);
    for (let sample = 0; sample < samples; sample++) {
      const offset = w.outputSample * sample + plane * block;
      let from = dy + offset;
      let output = y + offset;
      let sum = f32x4.splat(0);
      const end = from + bytes;
      for (; from < end; from += 16, output += 16, to += 16) {
        let g = v128.load(from);
        if (mask) g = whereOn(v128.load(output), g);
        sum = f32x4.add(sum, g);
        v128.store(to, g);
      }
      total = f32x4.add(total, sum);
    }
    if (biasSums) {
      const at = biasSums + ((<usize>block) << 4);
      v128.store(at, first ? total : f32x4.add(v128.load(at), total));
    }
  }
}

/** dw[k][n] = Σ_m image[m][k]·dy[m][n] over the chunk, for n of [outFrom, outTo). */
function addWeightGradients(
  w: ConvWindow,
  image: usize,
  gradients: usize,
  stride: usize,
  depth: i32,
  dw: usize,
  outFrom: i32,
  outTo: i32,
  accumulate: bool,
): void {
  const row = (<usize>w.outputs) << 2;
  for (let n = outFrom; n < outTo; n += 8) {
    const b = gradients + stride * (n >> 2);
    const second = w.outputs - n > 4 ? stride : 0;
    const to = dw + ((<usize>n) << 2);
    if (w.compact) scatteredRows(w, image, b, second, depth, to, row, w.outputs - n, accumulate);
    else indexedRows(w, image, b, second, depth, to, row, w.outputs - n, accumulate);
  }
}

function indexedRows(
  w: ConvWindow,
  image: usize,
  b: usize,
  second: usize,
  depth: i32,
  c: usize,
  row: usize,
  lanes: i32,
  accumulate: bool,
): void {
  let run = w.runAt;
  for (let tap = 0; tap < w.kernelY * w.kernelX; tap++) {
    for (let channel = 0; channel < w.channels; channel += 4) {
      const a = image + <usize>load<u32>(run);
      columnTile(
        INDEXED,
        a,
        0,
        0,
        0,
        0,
        w.imageAt,
        b,
        b + second,
        16,
        depth,
        c,
        row,
        16,
        w.channels - channel,
        lanes,
        accumulate,
      );
      run += 4;
      c += row * min(4, w.channels - channel);
    }
  }
}

function scatteredRows(
  w: ConvWindow,
  image: usize,
  b: usize,
  second: usize,
  depth: i32,
  c: usize,
  row: usize,
  lanes: i32,
  accumulate: bool,
): void {
  const elements = w.kernelY * w.kernelX * w.channels;
  let at = w.elementAt;
  for (let k = 0; k < elements; k += 4) {
    const left = elements - k;
    const a0 = image + <usize>load<u32>(at);
    const a1 = image + <usize>load<u32>(at + (left > 1 ? 4 : 0));
    const a2 = image + <usize>load<u32>(at + (left > 2 ? 8 : 0));
    const a3 = image + <usize>load<u32>(at + (left > 3 ? 12 : 0));
    columnTile(
      SCATTERED,
      a0,
      a1,
      a2,
      a3,
      0,
      w.imageAt,
      b,
      b + second,
      16,
      depth,
      c,
      row,
      16,
      left,
      lanes,
      accumulate,
    );
    at += 16;
    c += row * 4;
  }
}

/** dx += dy·wᵀ, tap by tap: a product into `patches`, then each position added where it belongs. */
function addInputGradients(
  w: ConvWindow,
  gradients: usize,
  stride: usize,
  samples: i32,
  row: i32,
  outRows: i32,
  transposed: usize,
  patches: usize,
  dx: usize,
): void {
  const rows = samples * outRows * w.outWidth;
  const column = (<usize>w.outBlocks) << 6;
  for (let ky = 0; ky < w.kernelY; ky++) {
    for (let kx = 0; kx < w.kernelX; kx++) {
      const b = transposed + column * ((ky * w.kernelX + kx) * w.blocks);
      gemmRows(
        gradients,
        16,
        stride,
        b,
        column,
        patches,
        16,
        stride,
        rows,
        w.channels,
        w.outputs,
        0,
        0,
      );
      addTap(w, patches, stride, samples, row, outRows, ky, kx, dx);
    }
  }
}

function addTap(
  w: ConvWindow,
  patches: usize,
  stride: usize,
  samples: i32,
  row: i32,
  outRows: i32,
  ky: i32,
  kx: i32,
  dx: usize,
): void {
  // Input column of output column 0, and the range of output columns that fall into the map.
  const left = kx * w.dilationX - w.padLeft;
  const begin = left < 0 ? (w.strideX - 1 - left) / w.strideX : 0;
  const end = left < w.width ? min(w.outWidth, (w.width - 1 - left) / w.strideX + 1) : 0;
  if (begin >= end) return;
  const step = (<usize>w.strideX) << 4;
  for (let block = 0; block < w.blocks; block++) {
    for (let sample = 0; sample < samples; sample++) {
      const plane = dx + w.inputSample * sample + ((<usize>(block * w.height * w.width)) << 4);
      for (let outRow = 0; outRow < outRows; outRow++) {
        const y = (row + outRow) * w.strideY + ky * w.dilationY - w.padTop;
        if (<u32>y >= <u32>w.height) continue;
        const position = (sample * outRows + outRow) * w.outWidth;
        let from = patches + stride * block + ((<usize>(position + begin)) << 4);
        let to = plane + ((<usize>(y * w.width + left + begin * w.strideX)) << 4);
        const last = patches + stride * block + ((<usize>(position + end)) << 4);
        for (; from < last; from += 16, to += step) {
          v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
        }
      }
    }
  }
}
