/** An exponential moving average of all weights, moving statistics with them. */
export interface WeightAverage {
  /** Share of the average that stays at each step, in (0, 1). */
  readonly decay: number;
  /**
   * Whether the first steps count for more: after n steps the decay is at most (1 + n)/(10 + n), as
   * in TensorFlow's ExponentialMovingAverage with `num_updates`.
   */
  readonly warmup: boolean;
}

/** What the weights after `steps` steps count for: 1 − decay, float64. */
export function averageRate({ decay, warmup }: WeightAverage, steps: number): number {
  return 1 - (warmup ? Math.min(decay, (1 + steps) / (10 + steps)) : decay);
}

/**
 * average ← average + rate·(weights − average) in place: what the kernel `averageStep` computes,
 * bit for bit. Float32 with one rounding an operation. Where a weight stands still and the average
 * has come to it, the average stands still too: frozen weights stay what they are.
 */
export function averageStep(average: Float32Array, weights: Float32Array, rate: number): void {
  const f = Math.fround;
  const r = f(rate);
  for (let i = 0; i < average.length; i++) {
    average[i] = f(average[i]! + f(r * f(weights[i]! - average[i]!)));
  }
}
