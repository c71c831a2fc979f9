import t, { type Test } from 'tap';
import { BiasCorrection } from '#src/shared/numerics/optimizer-settings.js';
import { adamStep, movingStatisticsStep, sgdStep } from '#src/shared/numerics/optimizer.js';

const SETTINGS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, keep: 1 };

const near = (t: Test, got: number, expected: number, name: string): void => {
  t.ok(
    Math.abs(got - expected) <= 2e-7 * Math.max(Math.abs(expected), 1e-3),
    `${name}: ${got}, ${expected}`,
  );
};

t.test('two steps of Adam, computed by hand', (t) => {
  // w = 1, learning rate 0.1; gradients 0.5, then −0.25 (sums over 4 samples).
  const w = Float32Array.of(1);
  const m = Float32Array.of(0);
  const v = Float32Array.of(0);
  const common = { ...SETTINGS, samples: 4, limit: Infinity, learningRate: 0.1 };
  const [first, second] = [new BiasCorrection(0.9), new BiasCorrection(0.999)];
  const corrections = (step: number) => ({
    correction1: first.after(step),
    correction2: second.after(step),
  });
  adamStep(w, Float32Array.of(2), m, v, null, { ...common, ...corrections(1) });
  // m = 0.05, v = 0.00025; corrected 0.5 and 0.25: a step of 0.1 · 0.5/0.5.
  near(t, m[0]!, 0.05, 'm');
  near(t, v[0]!, 0.00025, 'v');
  near(t, w[0]!, 0.9, 'w');
  adamStep(w, Float32Array.of(-1), m, v, null, { ...common, ...corrections(2) });
  // m = 0.045 − 0.025 = 0.02 → /0.19 = 0.105263; v = 0.00024975 + 0.0000625 = 0.00031225
  // → /0.001999 = 0.156203; √ = 0.395225; 0.1 · 0.105263/0.395225 = 0.0266337.
  near(t, m[0]!, 0.02, 'm');
  near(t, v[0]!, 0.00031225, 'v');
  near(t, w[0]!, 0.9 - 0.026633717, 'w');
  t.end();
});

t.test('AMSGrad keeps the greatest second moment', (t) => {
  const w = Float32Array.of(1);
  const m = Float32Array.of(0);
  const v = Float32Array.of(0);
  const vMax = Float32Array.of(0.5);
  const step = {
    ...SETTINGS,
    samples: 1,
    limit: Infinity,
    learningRate: 0.1,
    correction1: 0.1,
    correction2: 0.001,
  };
  adamStep(w, Float32Array.of(1), m, v, vMax, step);
  // m/c₁ = 1; greatest v = 0.5 → /0.001 = 500; √500 = 22.36068.
  near(t, w[0]!, 1 - 0.1 / 22.36068, 'w');
  t.equal(vMax[0], 0.5);
  near(t, v[0]!, 0.001, 'v');
  t.end();
});

t.test('AdamW shrinks the weight beside the step, by hand', (t) => {
  const w = Float32Array.of(2);
  const v = Float32Array.of(0);
  const step = {
    ...SETTINGS,
    samples: 2,
    limit: Infinity,
    learningRate: 0.1,
    correction1: 0.1,
    correction2: 0.001,
  };
  // A first step of Adam is the learning rate: 2 · (1 − 0.1 · 0.5) − 0.1. The decay touches no moment.
  adamStep(w, Float32Array.of(8), Float32Array.of(0), v, null, { ...step, keep: 1 - 0.1 * 0.5 });
  near(t, w[0]!, 1.8, 'w');
  near(t, v[0]!, 0.016, 'v');
  const l2 = Float32Array.of(2);
  adamStep(l2, Float32Array.of(8), Float32Array.of(0), v, null, { ...step, weightDecay: 0.5 });
  t.not(l2[0], w[0], 'an L2 penalty is another thing');
  t.end();
});

t.test('weight decay adds weightDecay · weight to the gradient', (t) => {
  const w = Float32Array.of(2);
  const step = {
    samples: 2,
    limit: Infinity,
    learningRate: 0.5,
    momentum: 0,
    nesterov: false,
    weightDecay: 0.25,
  };
  sgdStep(w, Float32Array.of(3), null, step);
  t.equal(w[0], 2 - 0.5 * (1.5 + 0.5));
  t.end();
});

t.test('momentum and Nesterov momentum, computed by hand', (t) => {
  const step = {
    samples: 1,
    limit: Infinity,
    learningRate: 0.5,
    momentum: 0.5,
    nesterov: false,
    weightDecay: 0,
  };
  const w = Float32Array.of(1);
  const u = Float32Array.of(2);
  sgdStep(w, Float32Array.of(4), u, step); // u = 1 + 4 = 5
  t.same([w[0], u[0]], [1 - 2.5, 5]);
  const ahead = Float32Array.of(1);
  u[0] = 2;
  sgdStep(ahead, Float32Array.of(4), u, { ...step, nesterov: true }); // 4 + 0.5 · 5
  t.equal(ahead[0], 1 - 0.5 * 6.5);
  t.end();
});

t.test('a gradient is cut at plus and minus the limit, before the weight decay', (t) => {
  const w = Float32Array.of(2, 2, 2);
  const rule = { learningRate: 0.5, momentum: 0, nesterov: false, weightDecay: 0.25 };
  // Means 3, −3, 0.5; cut at 1: 1, −1, 0.5; and 0.5 of the decay.
  sgdStep(w, Float32Array.of(6, -6, 1), null, { samples: 2, limit: 1, ...rule });
  t.same([...w], [2 - 0.75, 2 + 0.25, 2 - 0.5]);
  t.end();
});

t.test('movingStatisticsStep scales by ρᵏ and adds the terms', (t) => {
  const moving = Float32Array.of(8, -4);
  movingStatisticsStep(moving, Float32Array.of(1, 2), 0.25);
  t.same([...moving], [3, 1]);
  t.end();
});
