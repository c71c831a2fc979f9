import { zerosLike, type Map64 } from './maps.js';

/** Batch norm in training mode (Ioffe & Szegedy 2015, Algorithm 1); all vectors [channels]. */
export interface Normed {
  readonly output: Map64;
  readonly mean: Float64Array;
  /** Biased. */
  readonly variance: Float64Array;
  readonly backward: (gradient: Map64) => {
    readonly map: Map64;
    readonly gamma: Float64Array;
    readonly beta: Float64Array;
  };
}

export function batchNorm(
  map: Map64,
  gamma: Float64Array,
  beta: Float64Array,
  epsilon: number,
): Normed {
  const { channels, values } = map;
  const n = values.length / channels;
  const mean = channelSums(values, channels).map((sum) => sum / n);
  const centred = values.map((value, i) => value - mean[i % channels]!);
  const squares = centred.map((value) => value * value);
  const variance = channelSums(squares, channels).map((sum) => sum / n);
  const deviation = variance.map((value) => Math.sqrt(value + epsilon));
  const normal = centred.map((value, i) => value / deviation[i % channels]!);
  const output = normal.map((value, i) => gamma[i % channels]! * value + beta[i % channels]!);
  return {
    output: { ...map, values: output },
    mean,
    variance,
    backward({ values: gradient }) {
      const products = gradient.map((g, i) => g * normal[i]!);
      const dGamma = channelSums(products, channels);
      const dBeta = channelSums(gradient, channels);
      const result = zerosLike(map);
      gradient.forEach((g, i) => {
        const c = i % channels;
        const inner = g - dBeta[c]! / n - (normal[i]! * dGamma[c]!) / n;
        result.values[i] = (gamma[c]! / deviation[c]!) * inner;
      });
      return { map: result, gamma: dGamma, beta: dBeta };
    },
  };
}

function channelSums(values: Float64Array, channels: number): Float64Array {
  const sums = new Float64Array(channels);
  values.forEach((value, i) => {
    sums[i % channels]! += value;
  });
  return sums;
}
