import { clippedGradient } from './clipping.js';
import { average, withoutTiny } from './tiny-moment.js';

const f = Math.fround;

export interface RmspropStep {
  /** Divides the row's sums over samples. */
  readonly samples: number;
  /** No element of the mean gradient counts as more than ±limit. */
  readonly limit: number;
  readonly learningRate: number;
  readonly rho: number;
  readonly epsilon: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

/**
 * RMSprop (Tieleman & Hinton 2012, lecture 6e) in place, as the kernel rmspropStep computes it, bit
 * for bit; with `mean` centered (Graves 2013, equations 38–40), with `velocity` momentum.
 */
export function rmspropStep(
  weights: Float32Array,
  row: Float32Array,
  square: Float32Array,
  velocity: Float32Array | null,
  mean: Float32Array | null,
  step: RmspropStep,
): void {
  const scale = { samples: f(step.samples), limit: f(step.limit) };
  const rate = f(step.learningRate);
  const [rho, rest] = [f(step.rho), f(1 - step.rho)];
  const epsilon = f(step.epsilon);
  const momentum = f(step.momentum);
  const decay = f(step.weightDecay);
  for (let i = 0; i < weights.length; i++) {
    const w = weights[i]!;
    const g = f(clippedGradient(row[i]!, scale) + f(decay * w));
    const s = average(rho, square[i]!, rest, f(g * g));
    square[i] = s;
    let variance = s;
    if (mean) {
      const a = average(rho, mean[i]!, rest, g);
      mean[i] = a;
      const difference = f(s - f(a * a));
      variance = difference > 0 ? difference : 0;
    }
    let direction = f(g / f(f(Math.sqrt(variance)) + epsilon));
    if (velocity) {
      direction = withoutTiny(f(f(momentum * velocity[i]!) + direction));
      velocity[i] = direction;
    }
    weights[i] = f(w - f(rate * direction));
  }
}
