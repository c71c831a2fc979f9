import t from 'tap';
import { KernelHarness, randomValues } from '../../../support/kernel-harness.js';

interface Result {
  readonly loss: number;
  readonly correct: number;
  readonly gradient: Float32Array;
}

class Loss {
  private constructor(private readonly harness: KernelHarness) {}

  static async create(build: 'plain' | 'relaxed' = 'plain'): Promise<Loss> {
    return new Loss(await KernelHarness.create(build, 2));
  }

  run(
    logits: ArrayLike<number>,
    labels: readonly number[],
    classes: number,
    options: {
      garbage?: number;
      kernel?: 'softmaxCrossEntropy' | 'crossEntropyOnly';
      smoothing?: number;
    } = {},
  ): Result {
    const { harness } = this;
    harness.reset();
    const batch = labels.length;
    const shape = { height: 1, width: 1, channels: classes };
    const bytes = batch * Math.ceil(classes / 4) * 16;
    const from = harness.allocate(bytes);
    const gradient = harness.allocate(bytes);
    const labelsAt = harness.allocate(batch * 2);
    const loss = harness.allocate(4);
    const correct = harness.allocate(4);
    harness.pack(from, shape, logits, options.garbage);
    new Uint16Array(harness.memory.buffer, labelsAt, batch).set(labels);
    const kernel = options.kernel ?? 'softmaxCrossEntropy';
    const first = kernel === 'softmaxCrossEntropy' ? [gradient] : [];
    const last = first.length ? [0, options.smoothing ?? 0] : [];
    harness.kernel(kernel)(...first, from, labelsAt, batch, classes, loss, correct, ...last);
    return {
      loss: harness.floats(loss, 1)[0]!,
      correct: new Int32Array(harness.memory.buffer, correct, 1)[0]!,
      gradient: first.length
        ? harness.unpack(gradient, shape, batch)
        : harness.unpack(from, shape, batch),
    };
  }

  rows(logits: ArrayLike<number>, batch: number, classes: number): Float32Array {
    const { harness } = this;
    harness.reset();
    const shape = { height: 1, width: 1, channels: classes };
    const from = harness.allocate(batch * Math.ceil(classes / 4) * 16);
    const out = harness.allocate(batch * classes * 4);
    harness.pack(from, shape, logits);
    harness.kernel('softmaxRows')(out, from, batch, classes);
    return harness.floats(out, batch * classes).slice();
  }
}

function oracle(
  logits: ArrayLike<number>,
  labels: readonly number[],
  classes: number,
  smoothing = 0,
) {
  let loss = 0;
  let correct = 0;
  const gradient: number[] = [];
  const probabilities: number[] = [];
  labels.forEach((label, b) => {
    const row = Array.from({ length: classes }, (_, i) => logits[b * classes + i]!);
    const max = Math.max(...row);
    const sum = row.reduce((total, z) => total + Math.exp(z - max), 0);
    const share = (i: number): number => (i === label ? 1 - smoothing : 0) + smoothing / classes;
    row.forEach((z, i) => (loss += share(i) * (Math.log(sum) - (z - max))));
    if (row.indexOf(max) === label) correct++;
    row.forEach((z, i) => {
      probabilities.push(Math.exp(z - max) / sum);
      gradient.push(Math.exp(z - max) / sum - share(i));
    });
  });
  return { loss, correct, gradient, probabilities };
}

for (const build of ['plain', 'relaxed'] as const) {
  t.test(`loss, gradient and count agree with float64 (${build})`, async (t) => {
    const kernel = await Loss.create(build);
    for (const classes of [1, 2, 3, 4, 5, 10, 13, 100]) {
      for (const batch of [1, 3, 7, 128]) {
        const logits = randomValues(classes * batch, classes * batch).map((v) => v * 12);
        const labels = Array.from({ length: batch }, (_, b) => (b * 7 + 1) % classes);
        const expected = oracle(logits, labels, classes);
        const got = kernel.run(logits, labels, classes, { garbage: 1e30 });
        const name = `${batch} × ${classes}`;
        t.ok(
          Math.abs(got.loss - expected.loss) <= 3e-7 * Math.max(expected.loss, 1),
          `${name}: loss`,
        );
        t.equal(got.correct, expected.correct, `${name}: correct`);
        t.ok(
          got.gradient.every((v, i) => Math.abs(v - expected.gradient[i]!) < 3e-7),
          `${name}: gradient`,
        );
        const only = kernel.run(logits, labels, classes, { kernel: 'crossEntropyOnly' });
        t.equal(only.loss, got.loss, `${name}: the same bits without a gradient`);
        t.equal(only.correct, got.correct);
        t.same(only.gradient, Float32Array.from(logits), `${name}: logits are left alone`);
        const rows = kernel.rows(logits, batch, classes);
        t.ok(
          rows.every((v, i) => Math.abs(v - expected.probabilities[i]!) < 3e-7),
          `${name}: probabilities`,
        );
      }
    }
  });
}

t.test('hand-computed: two equal logits cost ln 2', async (t) => {
  const kernel = await Loss.create();
  const got = kernel.run([0, 0, 3, 3], [0, 1], 2);
  t.equal(got.loss, Math.fround(2 * Math.fround(Math.LN2)));
  t.same([...got.gradient], [-0.5, 0.5, 0.5, -0.5]);
  t.equal(got.correct, 1, 'of equal logits the first is the answer');
});

for (const build of ['plain', 'relaxed'] as const) {
  t.test(`smoothed labels agree with float64 (${build})`, async (t) => {
    const kernel = await Loss.create(build);
    for (const classes of [1, 2, 3, 4, 5, 10, 13]) {
      for (const smoothing of [0.1, 0.75]) {
        const batch = 7;
        const logits = randomValues(classes, classes * batch).map((v) => v * 12);
        const labels = Array.from({ length: batch }, (_, b) => (b * 7 + 1) % classes);
        const expected = oracle(logits, labels, classes, smoothing);
        const got = kernel.run(logits, labels, classes, { garbage: 1e30, smoothing });
        t.ok(Math.abs(got.loss - expected.loss) <= 1e-6 * Math.max(expected.loss, 1), 'loss');
        t.equal(got.correct, expected.correct);
        t.ok(got.gradient.every((v, i) => Math.abs(v - expected.gradient[i]!) < 3e-7));
      }
    }
  });
}

t.test('hand-computed: smoothed labels of logits 0, 0, 4, 4', async (t) => {
  const kernel = await Loss.create();
  // Half of the label spread over four classes: shares 1/8, 1/8, 5/8, 1/8. The logarithms are
  // −4.7113 and −0.7113: 2/8 · 4.711297 + 6/8 · 0.711297.
  const got = kernel.run([0, 0, 4, 4], [2], 4, { smoothing: 0.5 });
  t.ok(Math.abs(got.loss - 1.7112972) < 1e-6, String(got.loss));
  const [small, large] = [0.0089931, 0.4910069];
  const expected = [small - 0.125, small - 0.125, large - 0.625, large - 0.125];
  t.ok(expected.every((v, i) => Math.abs(v - got.gradient[i]!) < 1e-6));
});

t.test('huge logits neither overflow nor lose the gradient', async (t) => {
  const kernel = await Loss.create();
  const got = kernel.run([3e38, -3e38, 0, -1e4, 1e4, 0], [0, 0], 3);
  t.equal(got.loss, 20000);
  t.same([...got.gradient], [0, 0, 0, -1, 1, 0]);
  t.equal(got.correct, 1);
});

t.test('the gradient may take the place of the logits', async (t) => {
  const harness = await KernelHarness.create('plain', 1);
  const shape = { height: 1, width: 1, channels: 5 };
  const at = harness.allocate(64);
  const labels = harness.allocate(4, 0);
  const results = harness.allocate(8);
  const logits = randomValues(5, 10);
  harness.pack(at, shape, logits);
  harness.kernel('softmaxCrossEntropy')(at, at, labels, 2, 5, results, results + 4, 0, 0);
  const expected = oracle(logits, [0, 0], 5).gradient;
  const got = harness.unpack(at, shape, 2);
  t.ok(got.every((v, i) => Math.abs(v - expected[i]!) < 3e-7));
});

t.test('a NaN among the logits reaches the loss', async (t) => {
  const kernel = await Loss.create();
  for (const place of [0, 1, 3, 7]) {
    const logits = [1, 2, 3, 4, 5, 6, 7, 8];
    logits[place] = NaN;
    t.ok(Number.isNaN(kernel.run(logits, [1], 8).loss), `at ${place}`);
  }
});
