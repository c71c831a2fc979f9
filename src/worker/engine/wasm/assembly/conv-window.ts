/**
 * The window of a convolution: its sizes, what follows from them, and tables of addresses, laid
 * out in a thread's scratch by `convWindow`, the first call of each phase.
 *
 * A convolution is a matrix product whose rows are output positions and whose depth runs over the
 * window, A[m][k] = image[row(m) + run(k)]. Nothing is copied per window: the product reads the
 * image through two tables of byte offsets. The image is the input itself where the window never
 * leaves it, else a copy with zeros around:
 *
 *   blocked   [sample][block][imageY][imageX][4]    runs of four channels, (ky, kx, block) in order
 *   compact   [sample][imageY][imageX][channel]     below four channels: runs of a row of the
 *                                                   window (a tap, where dilation parts the taps)
 *
 * A chunk is `chunkSamples` whole samples, or `chunkRows` output rows of one sample.
 */
@unmanaged
export class ConvWindow {
  height: i32;
  width: i32;
  channels: i32;
  kernelY: i32;
  kernelX: i32;
  strideY: i32;
  strideX: i32;
  dilationY: i32;
  dilationX: i32;
  padTop: i32;
  padLeft: i32;
  outHeight: i32;
  outWidth: i32;
  outputs: i32;
  chunkSamples: i32;
  chunkRows: i32;

  /** Blocks of four channels in and out. */
  blocks: i32;
  outBlocks: i32;
  compact: bool;
  /** Whether the image is a padded or compacted copy. */
  copied: bool;
  imageRows: i32;
  imageColumns: i32;
  /** Bytes. */
  pixel: usize;
  imageRow: usize;
  imagePlane: usize;
  imageSample: usize;
  inputSample: usize;
  outputSample: usize;
  /** Runs of the depth and elements in each. */
  runs: i32;
  run: i32;
  /** uint32 byte offsets: of position m in the image, in the output, and of the runs. */
  imageAt: usize;
  outputAt: usize;
  runAt: usize;
  /** compact only: uint32 byte offset of each element of the depth. */
  elementAt: usize;
}

/** Fills `at` (256 bytes) and the tables behind it. */
export function convWindow(
  at: usize,
  height: i32,
  width: i32,
  channels: i32,
  kernelY: i32,
  kernelX: i32,
  strideY: i32,
  strideX: i32,
  dilationY: i32,
  dilationX: i32,
  padTop: i32,
  padLeft: i32,
  outHeight: i32,
  outWidth: i32,
  outputs: i32,
  chunkSamples: i32,
  chunkRows: i32,
): void {
  const w = changetype<ConvWindow>(at);
  w.height = height;
  w.width = width;
  w.channels = channels;
  w.kernelY = kernelY;
  w.kernelX = kernelX;
  w.strideY = strideY;
  w.strideX = strideX;
  w.dilationY = dilationY;
  w.dilationX = dilationX;
  w.padTop = padTop;
  w.padLeft = padLeft;
  w.outHeight = outHeight;
  w.outWidth = outWidth;
  w.outputs = outputs;
  w.chunkSamples = chunkSamples;
  w.chunkRows = chunkRows;
  w.blocks = (channels + 3) >> 2;
  w.outBlocks = (outputs + 3) >> 2;
  w.compact = channels < 4;
  const reachY = (kernelY - 1) * dilationY + 1;
  const reachX = (kernelX - 1) * dilationX + 1;
  w.copied =
    w.compact ||
    padTop > 0 ||
    padLeft > 0 ||
    (outHeight - 1) * strideY + reachY > height ||
    (outWidth - 1) * strideX + reachX > width;
  w.imageRows = w.copied ? (chunkRows - 1) * strideY + reachY : height;
  w.imageColumns = w.copied ? (outWidth - 1) * strideX + reachX : width;
  w.pixel = w.compact ? channels << 2 : 16;
  w.imageRow = w.imageColumns * w.pixel;
  w.imagePlane = w.imageRows * w.imageRow;
  w.imageSample = w.compact ? w.imagePlane : w.imagePlane * w.blocks;
  w.inputSample = (w.blocks * height * width) << 4;
  w.outputSample = (w.outBlocks * outHeight * outWidth) << 4;
  const wholeRow = w.compact && dilationX == 1;
  w.runs = w.compact ? (wholeRow ? kernelY : kernelY * kernelX) : kernelY * kernelX * w.blocks;
  w.run = w.compact ? (wholeRow ? kernelX * channels : channels) : 4;
  const positions = chunkSamples * chunkRows * outWidth;
  w.imageAt = at + 256;
  w.outputAt = w.imageAt + ((<usize>positions) << 2);
  w.runAt = w.outputAt + ((<usize>positions) << 2);
  w.elementAt = w.runAt + ((<usize>w.runs) << 2);
  fillPositions(w);
  fillRuns(w);
}

function fillPositions(w: ConvWindow): void {
  let image = w.imageAt;
  let output = w.outputAt;
  for (let sample = 0; sample < w.chunkSamples; sample++) {
    for (let y = 0; y < w.chunkRows; y++) {
      for (let x = 0; x < w.outWidth; x++) {
        const from =
          w.imageSample * sample + w.imageRow * (y * w.strideY) + w.pixel * (x * w.strideX);
        const to = w.outputSample * sample + ((<usize>(y * w.outWidth + x)) << 4);
        store<u32>(image, <u32>from);
        store<u32>(output, <u32>to);
        image += 4;
        output += 4;
      }
    }
  }
}

function fillRuns(w: ConvWindow): void {
  let runs = w.runAt;
  let elements = w.elementAt;
  for (let ky = 0; ky < w.kernelY; ky++) {
    for (let kx = 0; kx < w.kernelX; kx++) {
      const tap = w.imageRow * (ky * w.dilationY) + w.pixel * (kx * w.dilationX);
      if (w.compact) {
        if (kx == 0 || w.run == w.channels) {
          store<u32>(runs, <u32>tap);
          runs += 4;
        }
        for (let channel = 0; channel < w.channels; channel++) {
          store<u32>(elements, <u32>tap + (channel << 2));
          elements += 4;
        }
      } else {
        for (let block = 0; block < w.blocks; block++) {
          store<u32>(runs, <u32>(tap + w.imagePlane * block));
          runs += 4;
        }
      }
    }
  }
}

/**
 * Address of the image for `samples` samples of x from `sample` on and output rows from `row` on:
 * within x, or `copy` after copying there.
 */
export function convImage(
  w: ConvWindow,
  x: usize,
  sample: i32,
  samples: i32,
  row: i32,
  copy: usize,
): usize {
  const top = row * w.strideY - w.padTop;
  const rowBytes = (<usize>w.width) << 4;
  if (!w.copied) return x + w.inputSample * sample + rowBytes * top;
  const columns = min(w.width, w.imageColumns - w.padLeft);
  let to = copy;
  for (let s = sample; s < sample + samples; s++) {
    for (let block = 0; block < w.blocks; block++) {
      const plane = x + w.inputSample * s + rowBytes * (block * w.height);
      for (let imageY = 0; imageY < w.imageRows; imageY++) {
        const y = top + imageY;
        const inside = <u32>y < <u32>w.height;
        if (w.compact) compactRow(w, plane + rowBytes * y, inside ? columns : 0, to);
        else blockedRow(w, plane + rowBytes * y, inside ? columns : 0, to);
        to += w.imageRow;
      }
    }
  }
  return copy;
}

/** A row of the blocked image: zeros, `columns` positions from `from`, zeros. */
function blockedRow(w: ConvWindow, from: usize, columns: i32, to: usize): void {
  const end = to + w.imageRow;
  const start = to + ((<usize>w.padLeft) << 4);
  if (columns <= 0) {
    for (; to < end; to += 16) v128.store(to, f32x4.splat(0));
    return;
  }
  for (; to < start; to += 16) v128.store(to, f32x4.splat(0));
  const stop = start + ((<usize>columns) << 4);
  for (; to < stop; to += 16, from += 16) v128.store(to, v128.load(from));
  for (; to < end; to += 16) v128.store(to, f32x4.splat(0));
}

/** A row of the compact image. */
function compactRow(w: ConvWindow, from: usize, columns: i32, to: usize): void {
  const end = to + w.imageRow;
  const start = to + (columns > 0 ? w.pixel * w.padLeft : w.imageRow);
  const channels = w.channels;
  for (; to < start; to += 4) store<f32>(to, 0);
  for (let column = 0; column < columns; column++) {
    store<f32>(to, load<f32>(from));
    if (channels > 1) store<f32>(to + 4, load<f32>(from + 4));
    if (channels > 2) store<f32>(to + 8, load<f32>(from + 8));
    to += w.pixel;
    from += 16;
  }
  for (; to < end; to += 4) store<f32>(to, 0);
}
