import t from 'tap';
import { lambStep, larsStep } from '#src/shared/numerics/layerwise.js';

const near = (got: number, expected: number): boolean =>
  Math.abs(got - expected) <= 3e-7 * Math.max(Math.abs(expected), 1e-3);

const lars = {
  samples: 2,
  limit: Infinity,
  learningRate: 0.5,
  momentum: 0.5,
  trustCoefficient: 0.1,
};

t.test('LARS, computed by hand', (t) => {
  const w = Float32Array.of(3, 4);
  const v = Float32Array.of(1, 0);
  // ‖w‖ = 5, g = (6, 8), ‖g‖ = 10; λ = 0.1 · 5 / (10 + 2 · 5) = 0.025; γλ = 0.0125.
  // v = (0.5 + 0.0125 · (6 + 6), 0.0125 · (8 + 8)) = (0.65, 0.2).
  larsStep(w, Float32Array.of(12, 16), v, true, { ...lars, weightDecay: 2 });
  t.ok(near(v[0]!, 0.65) && near(v[1]!, 0.2), String(v));
  t.ok(near(w[0]!, 2.35) && near(w[1]!, 3.8), String(w));
  t.end();
});

t.test('LARS leaves biases unscaled and undecayed, and parameters of zeros unscaled', (t) => {
  const step = { ...lars, momentum: 0, weightDecay: 2 };
  const bias = Float32Array.of(3, 4);
  larsStep(bias, Float32Array.of(2, 4), new Float32Array(2), false, step);
  t.same([...bias], [2.5, 3]);
  const zeros = new Float32Array(2);
  larsStep(zeros, Float32Array.of(2, 4), new Float32Array(2), true, step);
  t.same([...zeros], [-0.5, -1]);
  const unmoved = Float32Array.of(1);
  larsStep(unmoved, Float32Array.of(0), new Float32Array(1), true, { ...step, weightDecay: 0 });
  t.same([...unmoved], [1]);
  t.end();
});

const lamb = {
  samples: 2,
  limit: Infinity,
  learningRate: 0.5,
  beta1: 0.5,
  beta2: 0.75,
  epsilon: 1e-9,
};

t.test('LAMB, computed by hand', (t) => {
  const w = Float32Array.of(3, 4);
  const m = Float32Array.of(0, 0);
  const v = Float32Array.of(0, 0);
  const step = { ...lamb, correction1: 0.5, correction2: 0.25, decoupledWeightDecay: 0.5 };
  // g = (2, −2): m = (1, −1), v = (1, 1); m̂/√v̂ = (1, −1); u = (1 + 1.5, −1 + 2) = (2.5, 1).
  // ‖w‖/‖u‖ = 5/2.6925824 = 1.8569534; w − 0.5 · 1.8569534 · u.
  lambStep(w, Float32Array.of(4, -4), m, v, true, step);
  t.same([...m, ...v], [1, -1, 1, 1]);
  t.ok(near(w[0]!, 3 - 0.9284767 * 2.5) && near(w[1]!, 4 - 0.9284767), String(w));
  const bias = Float32Array.of(3, 4);
  lambStep(bias, Float32Array.of(4, -4), new Float32Array(2), new Float32Array(2), false, step);
  t.ok(near(bias[0]!, 2.5) && near(bias[1]!, 4.5), 'biases take the step as it is');
  t.end();
});
