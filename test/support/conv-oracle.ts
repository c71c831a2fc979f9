import type { MapShape } from '#src/worker/engine/wasm/plan/lowering.js';
import { elements } from './kernel-harness.js';

/** A convolution and its gradients by direct loops in float64, all maps channels-last. */
export interface ConvCase {
  readonly batch: number;
  readonly input: MapShape;
  readonly output: MapShape;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly pad: readonly [number, number];
}

export function convCase(
  batch: number,
  [height, width, channels]: readonly [number, number, number],
  outputs: number,
  kernel: readonly [number, number],
  padding: 'same' | 'valid',
  strides: readonly [number, number] = [1, 1],
  dilation: readonly [number, number] = [1, 1],
): ConvCase {
  const axis = (size: number, i: 0 | 1) => {
    const reach = (kernel[i] - 1) * dilation[i] + 1;
    if (padding === 'valid') return { out: Math.floor((size - reach) / strides[i]) + 1, pad: 0 };
    const out = Math.ceil(size / strides[i]);
    return { out, pad: Math.floor(Math.max(0, (out - 1) * strides[i] + reach - size) / 2) };
  };
  const y = axis(height, 0);
  const x = axis(width, 1);
  return {
    batch,
    input: { height, width, channels },
    output: { height: y.out, width: x.out, channels: outputs },
    kernel,
    strides,
    dilation,
    pad: [y.pad, x.pad],
  };
}

export const kernelElements = ({ kernel, input, output }: ConvCase): number =>
  kernel[0] * kernel[1] * input.channels * output.channels;

/** Calls back for every product x[i]·w[k] that adds to y[o]. */
function eachProduct(c: ConvCase, visit: (i: number, k: number, o: number) => void): void {
  const { input, output } = c;
  for (let b = 0; b < c.batch; b++) {
    for (let oy = 0; oy < output.height; oy++) {
      for (let ox = 0; ox < output.width; ox++) {
        const o = ((b * output.height + oy) * output.width + ox) * output.channels;
        for (let ky = 0; ky < c.kernel[0]; ky++) {
          const y = oy * c.strides[0] + ky * c.dilation[0] - c.pad[0];
          if (y < 0 || y >= input.height) continue;
          for (let kx = 0; kx < c.kernel[1]; kx++) {
            const x = ox * c.strides[1] + kx * c.dilation[1] - c.pad[1];
            if (x < 0 || x >= input.width) continue;
            const i = ((b * input.height + y) * input.width + x) * input.channels;
            const tap = (ky * c.kernel[1] + kx) * input.channels;
            for (let ci = 0; ci < input.channels; ci++) {
              const k = (tap + ci) * output.channels;
              for (let co = 0; co < output.channels; co++) visit(i + ci, k + co, o + co);
            }
          }
        }
      }
    }
  }
}

export function convForward(
  c: ConvCase,
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  bias: ArrayLike<number>,
  relu: boolean,
): Float64Array {
  const y = new Float64Array(c.batch * elements(c.output));
  for (let o = 0; o < y.length; o++) y[o] = bias[o % c.output.channels] ?? 0;
  eachProduct(c, (i, k, o) => {
    y[o]! += x[i]! * w[k]!;
  });
  return relu ? y.map((value) => Math.max(value, 0)) : y;
}

export interface ConvGradients {
  readonly input: Float64Array;
  readonly kernel: Float64Array;
  readonly bias: Float64Array;
}

export function convGradients(
  c: ConvCase,
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  dy: ArrayLike<number>,
): ConvGradients {
  const input = new Float64Array(c.batch * elements(c.input));
  const kernel = new Float64Array(kernelElements(c));
  const bias = new Float64Array(c.output.channels);
  for (let o = 0; o < dy.length; o++) bias[o % c.output.channels]! += dy[o]!;
  eachProduct(c, (i, k, o) => {
    input[i]! += dy[o]! * w[k]!;
    kernel[k]! += dy[o]! * x[i]!;
  });
  return { input, kernel, bias };
}
