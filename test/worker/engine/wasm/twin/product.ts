import { zeros, zerosLike, type Map64 } from './maps.js';

/**
 * A convolution that moves by one, or a dense layer: a window of one pixel over a map of one.
 * Weights as in tfjs: kernel [kernelHeight][kernelWidth][in][out], bias [out].
 */
export interface ProductSite {
  readonly kernel: readonly [height: number, width: number];
  readonly pad: readonly [top: number, left: number];
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outputs: number;
}

/** Σ x·w + bias. */
export function product(
  map: Map64,
  site: ProductSite,
  weights: Float64Array,
  bias: Float64Array | null,
): Map64 {
  const { outputs } = site;
  const output = zeros(map, site.outHeight, site.outWidth, outputs);
  const sums = new Float64Array(outputs);
  eachPosition(map, site, (to, taps, count) => {
    if (bias === null) sums.fill(0);
    else sums.set(bias);
    for (let t = 0; t < count; t++) {
      const from = taps[2 * t]!;
      const at = taps[2 * t + 1]! * outputs;
      for (let c = 0; c < map.channels; c++) {
        const x = map.values[from + c]!;
        const w = at + c * outputs;
        // Half of the values that a ReLU gives are zeros.
        if (x !== 0) for (let f = 0; f < outputs; f++) sums[f]! += x * weights[w + f]!;
      }
    }
    output.values.set(sums, to);
  });
  return output;
}

/** Adds to the gradients of weights and bias; returns that of the map. */
export function productGradients(
  map: Map64,
  site: ProductSite,
  weights: Float64Array,
  gradient: Map64,
  into: { readonly weights: Float64Array; readonly bias: Float64Array | null },
): Map64 {
  const { outputs } = site;
  const result = zerosLike(map);
  const at = new Int32Array(outputs);
  const g = new Float64Array(outputs);
  eachPosition(map, site, (from, taps, count) => {
    // Behind a pool most are zeros.
    let some = 0;
    for (let f = 0; f < outputs; f++) {
      const value = gradient.values[from + f]!;
      if (value === 0) continue;
      at[some] = f;
      g[some++] = value;
      if (into.bias !== null) into.bias[f]! += value;
    }
    if (some === 0) return;
    for (let t = 0; t < count; t++) {
      const to = taps[2 * t]!;
      const first = taps[2 * t + 1]! * outputs;
      for (let c = 0; c < map.channels; c++) {
        const x = map.values[to + c]!;
        const row = first + c * outputs;
        let sum = 0;
        for (let i = 0; i < some; i++) {
          const w = row + at[i]!;
          sum += weights[w]! * g[i]!;
          into.weights[w]! += x * g[i]!;
        }
        result.values[to + c]! += sum;
      }
    }
  });
  return result;
}

/**
 * For each output position: where its channels begin, and the pixels of its window that exist, as
 * pairs of where the pixel's channels begin and the row of the kernel that they meet.
 */
function eachPosition(
  map: Map64,
  { kernel, pad, outHeight, outWidth, outputs }: ProductSite,
  visit: (at: number, taps: Int32Array, count: number) => void,
): void {
  const taps = new Int32Array(2 * kernel[0] * kernel[1]);
  let at = 0;
  for (let b = 0; b < map.count; b++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++, at += outputs) {
        let count = 0;
        for (let ky = 0; ky < kernel[0]; ky++) {
          for (let kx = 0; kx < kernel[1]; kx++) {
            const [y, x] = [oy + ky - pad[0], ox + kx - pad[1]];
            if (y < 0 || y >= map.height || x < 0 || x >= map.width) continue;
            taps[2 * count] = ((b * map.height + y) * map.width + x) * map.channels;
            taps[2 * count + 1] = (ky * kernel[1] + kx) * map.channels;
            count += 1;
          }
        }
        visit(at, taps, count);
      }
    }
  }
}
