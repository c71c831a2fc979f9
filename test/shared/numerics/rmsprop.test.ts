import t, { type Test } from 'tap';
import { tf } from '#src/shared/model/tfjs.js';
import { rmspropStep } from '#src/shared/numerics/rmsprop.js';
import '@tensorflow/tfjs-backend-cpu';

const near = (t: Test, got: number, expected: number, name: string): void => {
  t.ok(
    Math.abs(got - expected) <= 3e-7 * Math.max(Math.abs(expected), 1e-3),
    `${name}: ${got}, ${expected}`,
  );
};

const plain = {
  samples: 2,
  limit: Infinity,
  learningRate: 0.1,
  rho: 0.75,
  epsilon: 0.5,
  momentum: 0,
};

t.test('RMSprop, computed by hand', (t) => {
  const w = Float32Array.of(1);
  const s = Float32Array.of(4);
  // g = 4/2 + 1 · 1 = 3; s = 3 + 9/4 = 5.25; d = 3 / (2.291288 + 0.5) = 1.0747724.
  rmspropStep(w, Float32Array.of(4), s, null, null, { ...plain, weightDecay: 1 });
  t.equal(s[0], 5.25);
  near(t, w[0]!, 1 - 0.10747724, 'w');
  t.end();
});

t.test('RMSprop centered and with momentum, computed by hand', (t) => {
  const [w, s, u, a] = [1, 4, 2, 1].map((x) => Float32Array.of(x)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const step = { ...plain, momentum: 0.5, weightDecay: 0 };
  // g = 2; s = 3 + 1 = 4; a = 0.75 + 0.5 = 1.25; √(4 − 1.5625) = 1.5612495; d = 2/2.0612495.
  rmspropStep(w, Float32Array.of(4), s, u, a, step);
  t.same([s[0], a[0]], [4, 1.25]);
  near(t, u[0]!, 1 + 2 / 2.0612495, 'velocity');
  near(t, w[0]!, 1 - 0.1 * (1 + 2 / 2.0612495), 'w');
  t.end();
});

t.test('a variance that rounding makes negative counts as 0', (t) => {
  const w = Float32Array.of(1);
  const step = { ...plain, samples: 1, limit: Infinity, weightDecay: 0 };
  rmspropStep(w, Float32Array.of(1), Float32Array.of(1), null, Float32Array.of(1.25), step);
  // s = 1, a = 1.1875, s − a² < 0: d = 1/0.5.
  near(t, w[0]!, 0.8, 'w');
  t.end();
});

t.test("ten steps keep to TensorFlow.js's RMSprop", async (t) => {
  await tf.setBackend('cpu');
  for (const centered of [false, true]) {
    // tfjs takes ε into the root, and the rate into the velocity: the same for a tiny ε.
    const theirs = tf.variable(tf.tensor1d([0.5, -2]));
    const optimizer = tf.train.rmsprop(0.01, 0.9, 0.5, 1e-12, centered);
    const [w, s, u, a] = [
      Float32Array.of(0.5, -2),
      ...[1, 2, 3].map(() => new Float32Array(2)),
    ] as [Float32Array, Float32Array, Float32Array, Float32Array];
    for (let i = 0; i < 10; i++) {
      const g = [Math.fround((i % 3) - 0.75), Math.fround(0.5 - (i % 4))];
      optimizer.applyGradients({ [theirs.name]: tf.tensor1d(g) });
      const step = {
        samples: 1,
        limit: Infinity,
        learningRate: 0.01,
        rho: 0.9,
        epsilon: 1e-12,
        momentum: 0.5,
      };
      rmspropStep(w, Float32Array.from(g), s, u, centered ? a : null, { ...step, weightDecay: 0 });
    }
    const expected = theirs.dataSync();
    w.forEach((value, i) => {
      t.ok(Math.abs(value - expected[i]!) < 2e-6, `${value}, ${expected[i]!}`);
    });
  }
});
