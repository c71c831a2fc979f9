/**
 * Backward of a convolution behind which a max pool takes one output in nine or fewer: products
 * with the few outputs that have a gradient, instead of with all. For output channel n, with g the
 * gradient of a pooled value and p the pixel of its maximum,
 *
 *   dw[tap][c][n] = Σ g·x[p + tap][c]      dx[p + tap][c] += Σ g·w[tap][c][n]      db[n] = Σ g
 *
 * over the pooled values whose gradient is not zero: a list of (offset of p, g) a channel, made
 * without a branch. With a list at hand, the sums of dw, or the weights for dx, of all taps of a
 * block of input channels stay in registers. Taps are 3 × 3 or 5 × 5 and move by one.
 *
 *   packed   weights and sums of their gradients, [in/4][out][tap][4 in]
 *   planes   x and dx of one sample and block with the padding around: [height + 2·pad][width + 2·pad][4]
 *   lists    [out][outHeight·outWidth] of { uint32 byte offset in a plane; float32 g }
 */
import { copyVectorRun, zeroVectors } from './lanes';
import { NOWHERE, PoolWindow } from './pool-window';
import { madd, putChannels, putLanes } from './simd';

/**
 * Packs w [taps·taps][inputs][outputs]; part `part` of `parts` does a range of the blocks of
 * inputs. Lanes past the last channel are zeros.
 */
export function packSparse(
  part: i32,
  parts: i32,
  w: usize,
  taps: i32,
  inputs: i32,
  outputs: i32,
  packed: usize,
): void {
  const blocks = (inputs + 3) >> 2;
  const square = taps * taps;
  const end = (blocks * (part + 1)) / parts;
  for (let block = (blocks * part) / parts; block < end; block++) {
    for (let out = 0; out < outputs; out++) {
      let to = packed + ((<usize>((block * outputs + out) * square)) << 4);
      for (let tap = 0; tap < square; tap++, to += 16) {
        for (let lane = 0; lane < 4; lane++) {
          const input = block * 4 + lane;
          const at = w + ((<usize>((tap * inputs + input) * outputs + out)) << 2);
          store<f32>(to + ((<usize>lane) << 2), input < inputs ? load<f32>(at) : 0);
        }
      }
    }
  }
}

/** Sums of weight gradients [block][out][tap][4] of blocks [from, to), to dw as w has it. */
function storeWeightGradients(
  sums: usize,
  square: i32,
  inputs: i32,
  outputs: i32,
  dw: usize,
  blockFrom: i32,
  blockTo: i32,
  add: bool,
): void {
  const step = (<usize>square) << 4;
  const row = (<usize>outputs) << 2;
  for (let block = blockFrom; block < blockTo; block++) {
    const rows = inputs - block * 4;
    for (let out = 0; out < outputs; out += 4) {
      const lanes = outputs - out;
      let from = sums + step * (block * outputs + out);
      // Channels past the last one are read from the last one and not stored.
      const one = lanes > 1 ? step : 0;
      const two = lanes > 2 ? step * 2 : 0;
      const three = lanes > 3 ? step * 3 : 0;
      let to = dw + row * (block * 4) + ((<usize>out) << 2);
      for (let tap = 0; tap < square; tap++, from += 16, to += row * inputs) {
        const a = v128.load(from);
        const b = v128.load(from + one);
        const c = v128.load(from + two);
        const d = v128.load(from + three);
        const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
        const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
        putLanes(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), lanes, add);
        if (rows > 1) putLanes(to + row, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), lanes, add);
        const ef = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
        const gh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
        if (rows > 2) putLanes(to + row * 2, v128.shuffle<f32>(ef, gh, 0, 1, 4, 5), lanes, add);
        if (rows > 3) putLanes(to + row * 3, v128.shuffle<f32>(ef, gh, 2, 3, 6, 7), lanes, add);
      }
    }
  }
}

/** Adds x to the vector at `to`. */
// @ts-ignore: decorator
@inline
function addTo(to: usize, x: v128): void {
  v128.store(to, f32x4.add(v128.load(to), x));
}

/** Adds g·w to the vector at `to`. */
// @ts-ignore: decorator
@inline
function addProduct(to: usize, g: v128, w: v128): void {
  v128.store(to, madd(g, w, v128.load(to)));
}

/** Nine taps: adds Σ g·x over the list to sums [9][4]. */
function weights3(list: usize, end: usize, plane: usize, row: usize, sums: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let a4 = a0;
  let a5 = a0;
  let a6 = a0;
  let a7 = a0;
  let a8 = a0;
  for (; list < end; list += 8) {
    const p = plane + <usize>load<u32>(list);
    const g = v128.load32_splat(list + 4);
    a0 = madd(g, v128.load(p), a0);
    a1 = madd(g, v128.load(p + 16), a1);
    a2 = madd(g, v128.load(p + 32), a2);
    const q = p + row;
    a3 = madd(g, v128.load(q), a3);
    a4 = madd(g, v128.load(q + 16), a4);
    a5 = madd(g, v128.load(q + 32), a5);
    const r = q + row;
    a6 = madd(g, v128.load(r), a6);
    a7 = madd(g, v128.load(r + 16), a7);
    a8 = madd(g, v128.load(r + 32), a8);
  }
  addTo(sums, a0);
  addTo(sums + 16, a1);
  addTo(sums + 32, a2);
  addTo(sums + 48, a3);
  addTo(sums + 64, a4);
  addTo(sums + 80, a5);
  addTo(sums + 96, a6);
  addTo(sums + 112, a7);
  addTo(sums + 128, a8);
}

/** Nine taps: adds g·w to dx for each entry of the list. */
function inputs3(list: usize, end: usize, plane: usize, row: usize, w: usize): void {
  const w0 = v128.load(w);
  const w1 = v128.load(w + 16);
  const w2 = v128.load(w + 32);
  const w3 = v128.load(w + 48);
  const w4 = v128.load(w + 64);
  const w5 = v128.load(w + 80);
  const w6 = v128.load(w + 96);
  const w7 = v128.load(w + 112);
  const w8 = v128.load(w + 128);
  for (; list < end; list += 8) {
    const p = plane + <usize>load<u32>(list);
    const g = v128.load32_splat(list + 4);
    addProduct(p, g, w0);
    addProduct(p + 16, g, w1);
    addProduct(p + 32, g, w2);
    const q = p + row;
    addProduct(q, g, w3);
    addProduct(q + 16, g, w4);
    addProduct(q + 32, g, w5);
    const r = q + row;
    addProduct(r, g, w6);
    addProduct(r + 16, g, w7);
    addProduct(r + 32, g, w8);
  }
}

/** Two rows of five taps (one if `single`): adds Σ g·x over the list to sums [10][4]. */
// @ts-ignore: decorator
@inline
function weights5(
  single: bool,
  list: usize,
  end: usize,
  plane: usize,
  row: usize,
  sums: usize,
): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let a4 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  let b4 = a0;
  for (; list < end; list += 8) {
    const p = plane + <usize>load<u32>(list);
    const g = v128.load32_splat(list + 4);
    a0 = madd(g, v128.load(p), a0);
    a1 = madd(g, v128.load(p + 16), a1);
    a2 = madd(g, v128.load(p + 32), a2);
    a3 = madd(g, v128.load(p + 48), a3);
    a4 = madd(g, v128.load(p + 64), a4);
    if (single) continue;
    const q = p + row;
    b0 = madd(g, v128.load(q), b0);
    b1 = madd(g, v128.load(q + 16), b1);
    b2 = madd(g, v128.load(q + 32), b2);
    b3 = madd(g, v128.load(q + 48), b3);
    b4 = madd(g, v128.load(q + 64), b4);
  }
  addTo(sums, a0);
  addTo(sums + 16, a1);
  addTo(sums + 32, a2);
  addTo(sums + 48, a3);
  addTo(sums + 64, a4);
  if (single) return;
  addTo(sums + 80, b0);
  addTo(sums + 96, b1);
  addTo(sums + 112, b2);
  addTo(sums + 128, b3);
  addTo(sums + 144, b4);
}

/** Two rows of five taps (one if `single`): adds g·w to dx for each entry of the list. */
// @ts-ignore: decorator
@inline
function inputs5(
  single: bool,
  list: usize,
  end: usize,
  plane: usize,
  row: usize,
  w: usize,
): void {
  const w0 = v128.load(w);
  const w1 = v128.load(w + 16);
  const w2 = v128.load(w + 32);
  const w3 = v128.load(w + 48);
  const w4 = v128.load(w + 64);
  const z0 = single ? w0 : v128.load(w + 80);
  const z1 = single ? w0 : v128.load(w + 96);
  const z2 = single ? w0 : v128.load(w + 112);
  const z3 = single ? w0 : v128.load(w + 128);
  const z4 = single ? w0 : v128.load(w + 144);
  for (; list < end; list += 8) {
    const p = plane + <usize>load<u32>(list);
    const g = v128.load32_splat(list + 4);
    addProduct(p, g, w0);
    addProduct(p + 16, g, w1);
    addProduct(p + 32, g, w2);
    addProduct(p + 48, g, w3);
    addProduct(p + 64, g, w4);
    if (single) continue;
    const q = p + row;
    addProduct(q, g, z0);
    addProduct(q + 16, g, z1);
    addProduct(q + 32, g, z2);
    addProduct(q + 48, g, z3);
    addProduct(q + 64, g, z4);
  }
}

function weightSums(taps: i32, list: usize, end: usize, plane: usize, row: usize, to: usize): void {
  if (taps == 3) {
    weights3(list, end, plane, row, to);
    return;
  }
  weights5(false, list, end, plane, row, to);
  weights5(false, list, end, plane + row * 2, row, to + 160);
  weights5(true, list, end, plane + row * 4, row, to + 320);
}

function inputSums(taps: i32, list: usize, end: usize, plane: usize, row: usize, w: usize): void {
  if (taps == 3) {
    inputs3(list, end, plane, row, w);
    return;
  }
  inputs5(false, list, end, plane, row, w);
  inputs5(false, list, end, plane + row * 2, row, w + 160);
  inputs5(true, list, end, plane + row * 4, row, w + 320);
}

/**
 * Appends the list of a channel from gradients and places of its pooled values, 16 and 4 bytes
 * apart. `offsets`: uint32 byte offset in a plane of each place of the window. Returns its end.
 */
// @ts-ignore: decorator
@inline
function makeList(
  pool: PoolWindow,
  row: usize,
  offsets: usize,
  gradient: usize,
  places: usize,
  to: usize,
): usize {
  const step = (<usize>pool.strideWidth) << 4;
  for (let oy = 0; oy < pool.outHeight; oy++) {
    let window = row * (oy * pool.strideHeight);
    for (let ox = pool.outWidth; ox > 0; ox--) {
      const g = load<f32>(gradient);
      const place: i32 = load<u8>(places);
      store<u32>(to, <u32>window + load<u32>(offsets + ((<usize>place) << 2)));
      store<f32>(to, g, 4);
      const kept: i32 = i32(g != 0) & i32(place != NOWHERE);
      to += (<usize>kept) << 3;
      window += step;
      gradient += 16;
      places += 4;
    }
  }
  return to;
}

/**
 * Gradients for x, w and bias, each where its address is not 0, from the gradient dy of the pooled
 * map and the places of its maxima. `add`: to what dw and the bias gradient hold. Part `part` of
 * `parts` does the dx of a range of samples, the dw of a range of input blocks, and the first the
 * bias gradient. Scratch: `plane` for x and dx; `sums` of packed weights; `lists`, of them 1 KiB of
 * offsets, uint32 ends [outputs], the lists, then sums of the bias gradient.
 */
export function sparseBackward(
  part: i32,
  parts: i32,
  add: bool,
  taps: i32,
  x: usize,
  height: i32,
  width: i32,
  inputs: i32,
  pad: i32,
  outputs: i32,
  batch: i32,
  dy: usize,
  dx: usize,
  dw: usize,
  biasGradient: usize,
  packed: usize,
  pool: usize,
  places: usize,
  plane: usize,
  sums: usize,
  lists: usize,
): void {
  const window = changetype<PoolWindow>(pool);
  const blocks = (inputs + 3) >> 2;
  const outBlocks = (outputs + 3) >> 2;
  const square = taps * taps;
  const row = (<usize>(width + 2 * pad)) << 4;
  const planeBytes = row * (height + 2 * pad);
  const gradientPlane = plane + planeBytes;
  const pooled = window.outHeight * window.outWidth;
  const longest = (<usize>pooled) << 3;
  const ends = lists + 1024;
  const first = ends + ((<usize>((outputs + 3) & ~3)) << 2);

  const sampleFrom = dx ? (batch * part) / parts : 0;
  const sampleTo = dx ? (batch * (part + 1)) / parts : 0;
  const blockFrom = (blocks * part) / parts;
  const blockTo = dw ? (blocks * (part + 1)) / parts : blockFrom;
  const biased = part == 0 && biasGradient != 0;
  for (let ky = 0; ky < window.kernelHeight; ky++) {
    for (let kx = 0; kx < window.kernelWidth; kx++) {
      const at = lists + ((<usize>(ky * window.kernelWidth + kx)) << 2);
      store<u32>(at, <u32>(row * ky + ((<usize>kx) << 4)));
    }
  }
  zeroVectors(plane, <i32>(planeBytes >> 4));
  if (blockFrom < blockTo) {
    const from = (blockFrom * outputs) * square;
    zeroVectors(sums + ((<usize>from) << 4), (blockTo - blockFrom) * outputs * square);
  }
  const biasSums = first + longest * outputs;
  if (biased) zeroVectors(biasSums, outBlocks);
  for (let sample = 0; sample < batch; sample++) {
    const wantsDx = sample >= sampleFrom && sample < sampleTo;
    if (!wantsDx && blockFrom == blockTo && !biased) continue;
    let list = first;
    for (let out = 0; out < outputs; out++) {
      const value = (sample * outBlocks + (out >> 2)) * pooled;
      const lane: usize = out & 3;
      const end = makeList(
        window, row, lists,
        dy + ((<usize>value) << 4) + (lane << 2), places + ((<usize>value) << 2) + lane, list,
      );
      store<u32>(ends + ((<usize>out) << 2), <u32>end);
      if (biased) {
        let sum: f32 = 0;
        for (let at = list; at < end; at += 8) sum += load<f32>(at, 4);
        const to = biasSums + ((<usize>out) << 2);
        store<f32>(to, load<f32>(to) + sum);
      }
      list += longest;
    }
    for (let block = 0; block < blocks; block++) {
      const wantsDw = block >= blockFrom && block < blockTo;
      if (!wantsDw && !wantsDx) continue;
      const area = height * width;
      const map = (<usize>((sample * blocks + block) * area)) << 4;
      const inside = row * pad + ((<usize>pad) << 4);
      if (wantsDw) {
        for (let y = 0; y < height; y++) {
          copyVectorRun(x + map + ((<usize>(y * width)) << 4), plane + inside + row * y, width);
        }
      }
      if (wantsDx) zeroVectors(gradientPlane, <i32>(planeBytes >> 4));
      list = first;
      const weights = (<usize>(block * outputs * square)) << 4;
      for (let out = 0; out < outputs; out++) {
        const end: usize = load<u32>(ends + ((<usize>out) << 2));
        const at = weights + ((<usize>(out * square)) << 4);
        if (wantsDw) weightSums(taps, list, end, plane, row, sums + at);
        if (wantsDx) inputSums(taps, list, end, gradientPlane, row, packed + at);
        list += longest;
      }
      if (wantsDx) {
        for (let y = 0; y < height; y++) {
          const from = gradientPlane + inside + row * y;
          copyVectorRun(from, dx + map + ((<usize>(y * width)) << 4), width);
        }
      }
    }
  }
  if (biased) putChannels(biasGradient, biasSums, outputs, add);
  if (blockFrom < blockTo) {
    storeWeightGradients(sums, square, inputs, outputs, dw, blockFrom, blockTo, add);
  }
}
