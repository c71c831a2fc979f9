import { clippedGradient } from './clipping.js';
import { AS_IT_IS, blockedSquareSum } from './square-sum.js';
import { average, withoutTiny } from './tiny-moment.js';
import { lambRatio, larsRatio } from './trust-ratio.js';

/**
 * LARS and LAMB of one whole parameter, as functions of float32 vectors: what kernels and threads
 * compute together, bit for bit. `adapts`: whether the parameter is scaled and decayed.
 */
const f = Math.fround;

export interface LarsStep {
  readonly samples: number;
  /** No element of the mean gradient counts as more than ±limit. */
  readonly limit: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly trustCoefficient: number;
  readonly weightDecay: number;
}

export function larsStep(
  weights: Float32Array,
  row: Float32Array,
  velocity: Float32Array,
  adapts: boolean,
  step: LarsStep,
): void {
  const scale = { samples: f(step.samples), limit: f(step.limit) };
  const momentum = f(step.momentum);
  const decay = adapts ? f(step.weightDecay) : 0;
  const ratio = adapts
    ? larsRatio(
        blockedSquareSum(weights, AS_IT_IS),
        blockedSquareSum(row, scale),
        step.trustCoefficient,
        step.weightDecay,
      )
    : 1;
  const rate = f(f(step.learningRate) * ratio);
  for (let i = 0; i < weights.length; i++) {
    const w = weights[i]!;
    const g = f(clippedGradient(row[i]!, scale) + f(decay * w));
    const u = withoutTiny(f(f(momentum * velocity[i]!) + f(rate * g)));
    velocity[i] = u;
    weights[i] = f(w - u);
  }
}

export interface LambStep {
  readonly samples: number;
  /** No element of the mean gradient counts as more than ±limit. */
  readonly limit: number;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly correction1: number;
  readonly correction2: number;
  readonly decoupledWeightDecay: number;
}

export function lambStep(
  weights: Float32Array,
  row: Float32Array,
  m: Float32Array,
  v: Float32Array,
  adapts: boolean,
  step: LambStep,
): void {
  const scale = { samples: f(step.samples), limit: f(step.limit) };
  const epsilon = f(step.epsilon);
  const decay = adapts ? f(step.decoupledWeightDecay) : 0;
  const [beta1, rest1] = [f(step.beta1), f(1 - step.beta1)];
  const [beta2, rest2] = [f(step.beta2), f(1 - step.beta2)];
  const [correction1, correction2] = [f(step.correction1), f(step.correction2)];
  const direction = new Float32Array(weights.length);
  for (let i = 0; i < weights.length; i++) {
    const g = clippedGradient(row[i]!, scale);
    const m1 = average(beta1, m[i]!, rest1, g);
    const v1 = average(beta2, v[i]!, rest2, f(g * g));
    m[i] = m1;
    v[i] = v1;
    const root = f(f(Math.sqrt(f(v1 / correction2))) + epsilon);
    direction[i] = f(f(f(m1 / correction1) / root) + f(decay * weights[i]!));
  }
  const ratio = adapts
    ? lambRatio(blockedSquareSum(weights, AS_IT_IS), blockedSquareSum(direction, AS_IT_IS))
    : 1;
  const rate = f(f(step.learningRate) * ratio);
  for (let i = 0; i < weights.length; i++) {
    weights[i] = f(weights[i]! - f(rate * direction[i]!));
  }
}
