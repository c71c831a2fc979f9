/**
 * Convolution with any window, as a product over a chunk's image (conv-window.ts):
 *
 *   y[m][n] = bias[n] + Σ_k image[m][k]·w[k][n], then ReLU
 *
 * with m the output positions of the samples and k the elements of the window.
 */
import { ConvWindow, convImage } from './conv-window';
import { ACCUMULATE, RELU, rowTile } from './gemm-row-tile';
import { loadLanes } from './simd';

/** Depth of a product, in fours, whose panel of B (8 KiB) stays in the first cache. */
const QUADS_PER_PANEL: i32 = 64;

/** `packed` are the weights of packWeights (groups: runs), `copy` scratch for the image. */
export function convForward(
  at: usize,
  x: usize,
  y: usize,
  batch: i32,
  bias: usize,
  activate: bool,
  packed: usize,
  copy: usize,
): void {
  const w = changetype<ConvWindow>(at);
  for (let sample = 0; sample < batch; sample += w.chunkSamples) {
    const samples = min(w.chunkSamples, batch - sample);
    for (let row = 0; row < w.outHeight; row += w.chunkRows) {
      const rows = samples * min(w.chunkRows, w.outHeight - row) * w.outWidth;
      const image = convImage(w, x, sample, samples, row, copy);
      const to = y + w.outputSample * sample + ((<usize>(row * w.outWidth)) << 4);
      forwardChunk(w, image, to, rows, bias, activate, packed);
    }
  }
}

function forwardChunk(
  w: ConvWindow,
  image: usize,
  y: usize,
  rows: i32,
  bias: usize,
  activate: bool,
  packed: usize,
): void {
  const quadsPerRun = (w.run + 3) >> 2;
  const runsPerPanel = max(1, QUADS_PER_PANEL / quadsPerRun);
  const bColumn = (<usize>(w.runs * quadsPerRun)) << 6;
  const cColumn = (<usize>(w.outHeight * w.outWidth)) << 4;
  for (let run = 0; run < w.runs; run += runsPerPanel) {
    const runs = min(runsPerPanel, w.runs - run);
    const table = w.runAt + ((<usize>run) << 2);
    const flags = (run > 0 ? ACCUMULATE : 0) | (activate && run + runs == w.runs ? RELU : 0);
    let b = packed + ((<usize>(run * quadsPerRun)) << 6);
    let c = y;
    for (let n = 0; n < w.outputs; n += 8) {
      const left = w.outputs - n;
      let s0 = f32x4.splat(0);
      let s1 = f32x4.splat(0);
      if (bias && run == 0) {
        s0 = loadLanes(bias + ((<usize>n) << 2), left);
        if (left > 4) s1 = loadLanes(bias + ((<usize>(n + 4)) << 2), left - 4);
      }
      rowsOfPair(
        w,
        image,
        table,
        runs,
        b,
        left > 4 ? bColumn : 0,
        s0,
        s1,
        c,
        cColumn,
        rows,
        left > 4,
        flags,
      );
      b += bColumn * 2;
      c += cColumn * 2;
    }
  }
}

/** All rows of a pair of columns of vectors. */
function rowsOfPair(
  w: ConvWindow,
  image: usize,
  table: usize,
  runs: i32,
  b: usize,
  second: usize,
  s0: v128,
  s1: v128,
  c: usize,
  cColumn: usize,
  rows: i32,
  pair: bool,
  flags: i32,
): void {
  const run = w.run;
  let imageAt = w.imageAt;
  let outputAt = w.outputAt;
  for (let m = 0; m < rows; m += 4) {
    // Rows past the last one repeat the first and are not stored.
    const left = rows - m;
    const one: usize = left > 1 ? 4 : 0;
    const two: usize = left > 2 ? 8 : 0;
    const three: usize = left > 3 ? 12 : 0;
    rowTile(
      image + <usize>load<u32>(imageAt),
      image + <usize>load<u32>(imageAt + one),
      image + <usize>load<u32>(imageAt + two),
      image + <usize>load<u32>(imageAt + three),
      16,
      true,
      table,
      runs,
      run,
      b,
      b + second,
      s0,
      s1,
      c + <usize>load<u32>(outputAt),
      c + <usize>load<u32>(outputAt + one),
      c + <usize>load<u32>(outputAt + two),
      c + <usize>load<u32>(outputAt + three),
      cColumn,
      left,
      pair,
      flags,
    );
    imageAt += 16;
    outputAt += 16;
  }
}
