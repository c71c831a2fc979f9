import { clippedGradient } from './clipping.js';
import { average, withoutTiny } from './tiny-moment.js';

/**
 * Optimizer updates as functions of float32 vectors: what the kernels of src/worker/engine/wasm/
 * assembly/optimizer.ts compute, bit for bit. All arithmetic is float32 with one rounding an
 * operation, and every element is on its own.
 */

const f = Math.fround;

export interface AdamStep {
  /** Divides the row's sums over samples. */
  readonly samples: number;
  /** No element of the mean gradient counts as more than ±limit. */
  readonly limit: number;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly correction1: number;
  readonly correction2: number;
  readonly weightDecay: number;
  /** What stays of a weight before the step: 1; of AdamW 1 − learningRate · decay. */
  readonly keep: number;
}

/**
 * Adam (Kingma & Ba 2015, Algorithm 1) in place; with `vMax` AMSGrad (Reddi, Kale & Kumar 2018),
 * its bias corrected as in PyTorch; with `keep` below 1 AdamW (Loshchilov & Hutter 2019).
 */
export function adamStep(
  weights: Float32Array,
  row: Float32Array,
  m: Float32Array,
  v: Float32Array,
  vMax: Float32Array | null,
  step: AdamStep,
): void {
  const scale = { samples: f(step.samples), limit: f(step.limit) };
  const rate = f(step.learningRate);
  const epsilon = f(step.epsilon);
  const decay = f(step.weightDecay);
  const keep = f(step.keep);
  const [beta1, rest1] = [f(step.beta1), f(1 - step.beta1)];
  const [beta2, rest2] = [f(step.beta2), f(1 - step.beta2)];
  const [correction1, correction2] = [f(step.correction1), f(step.correction2)];
  for (let i = 0; i < weights.length; i++) {
    const w = weights[i]!;
    const g = f(clippedGradient(row[i]!, scale) + f(decay * w));
    const m1 = average(beta1, m[i]!, rest1, g);
    const v1 = average(beta2, v[i]!, rest2, f(g * g));
    m[i] = m1;
    v[i] = v1;
    let second = v1;
    if (vMax) {
      if (vMax[i]! > second) second = vMax[i]!;
      vMax[i] = second;
    }
    const root = f(f(Math.sqrt(f(second / correction2))) + epsilon);
    weights[i] = f(f(keep * w) - f(f(rate * f(m1 / correction1)) / root));
  }
}

export interface SgdStep {
  readonly samples: number;
  /** No element of the mean gradient counts as more than ±limit. */
  readonly limit: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
}

/** Gradient descent in place; with `velocity` momentum (Sutskever et al. 2013). */
export function sgdStep(
  weights: Float32Array,
  row: Float32Array,
  velocity: Float32Array | null,
  step: SgdStep,
): void {
  const scale = { samples: f(step.samples), limit: f(step.limit) };
  const rate = f(step.learningRate);
  const momentum = f(step.momentum);
  const decay = f(step.weightDecay);
  for (let i = 0; i < weights.length; i++) {
    const w = weights[i]!;
    const g = f(clippedGradient(row[i]!, scale) + f(decay * w));
    let direction = g;
    if (velocity) {
      const u = withoutTiny(f(f(momentum * velocity[i]!) + g));
      velocity[i] = u;
      direction = step.nesterov ? f(g + f(momentum * u)) : u;
    }
    weights[i] = f(w - f(rate * direction));
  }
}

/** moving ← rhoToK·moving + terms: k updates of the moving statistics at once. */
export function movingStatisticsStep(
  moving: Float32Array,
  terms: Float32Array,
  rhoToK: number,
): void {
  const factor = f(rhoToK);
  for (let i = 0; i < moving.length; i++) moving[i] = f(f(factor * moving[i]!) + terms[i]!);
}
