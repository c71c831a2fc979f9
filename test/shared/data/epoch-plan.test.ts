import t from 'tap';
import { epochOrder, stepSamples, stepsPerEpoch } from '#src/shared/data/epoch-plan.js';
import { philox4x32 } from '#src/shared/numerics/philox.js';

t.test('epochOrder is a permutation of all samples, and returns the same one again', async (t) => {
  for (const count of [0, 1, 2, 3, 7, 1000, 60000]) {
    const order = epochOrder(42, 3, count);
    t.same(
      [...order].sort((a, b) => a - b),
      [...Array(count).keys()],
      `${count} samples`,
    );
    t.same(epochOrder(42, 3, count), order);
  }
});

t.test('epochOrder follows its definition, draw by draw', async (t) => {
  const seed = 7 * 4294967296 + 5;
  const [epoch, count] = [11, 23];
  const expected = [...Array(count).keys()];
  for (let i = count - 1; i > 0; i--) {
    const draw = count - 1 - i;
    const words = new Uint32Array(4);
    philox4x32(Math.floor(draw / 4), 0, epoch, 1 << 24, 5, 7, words);
    const j = Number((BigInt(words[draw % 4]!) * BigInt(i + 1)) >> 32n);
    [expected[i], expected[j]] = [expected[j]!, expected[i]!];
  }
  t.same([...epochOrder(seed, epoch, count)], expected);
});

t.test('the order is the one that earlier versions had', async (t) => {
  // A change here changes the weights of every run: it must be meant, and told in CHANGELOG.
  t.same([...epochOrder(1, 0, 10)], [5, 8, 0, 2, 1, 7, 9, 3, 4, 6]);
});

t.test(
  'orders of other epochs and seeds differ, the upper half of the seed included',
  async (t) => {
    const orders = [
      epochOrder(1, 0, 100),
      epochOrder(1, 1, 100),
      epochOrder(2, 0, 100),
      epochOrder(1 + 4294967296, 0, 100),
    ].map(String);
    t.equal(new Set(orders).size, orders.length);
  },
);

t.test('each sample comes to each place equally often', async (t) => {
  const [count, epochs] = [6, 6000];
  const seen = Array.from({ length: count }, () => new Array<number>(count).fill(0));
  for (let epoch = 0; epoch < epochs; epoch++) {
    epochOrder(0, epoch, count).forEach((sample, place) => seen[place]![sample]!++);
  }
  const expected = epochs / count;
  const chiSquare = seen.flat().reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  // 25 degrees of freedom: above 52.6 with probability 0.001. The draws are fixed, so it holds.
  t.ok(chiSquare < 52.6, `chi-square ${chiSquare.toFixed(1)}`);
});

t.test('the steps of an epoch take every sample once, and the last one is short', async (t) => {
  const order = epochOrder(1, 0, 10);
  t.equal(stepsPerEpoch(10, 4), 3);
  const steps = [0, 1, 2].map((step) => [...stepSamples(order, 4, step)]);
  t.same(
    steps.map((step) => step.length),
    [4, 4, 2],
  );
  t.same(steps.flat(), [...order]);
  t.equal(stepSamples(order, 4, 0).buffer, order.buffer, 'no copy');
  t.equal(stepsPerEpoch(8, 4), 2);
  t.equal(stepsPerEpoch(1, 256), 1);
});

t.test('arguments that are no whole numbers in range are refused by name', async (t) => {
  const code = { code: 'EPOCH_PLAN_ARGUMENT' };
  t.throws(() => epochOrder(-1, 0, 10), { ...code, message: /^seed is -1;/ });
  t.throws(() => epochOrder(2 ** 53, 0, 10), { ...code, message: /^seed/ });
  t.throws(() => epochOrder(1, 0.5, 10), { ...code, message: /^epoch is 0.5;/ });
  t.throws(() => epochOrder(1, 0, NaN), { ...code, message: /^count is NaN;/ });
  t.throws(() => stepsPerEpoch(10, 0), { ...code, message: /^batchSize is 0;/ });
  t.throws(() => stepSamples(epochOrder(1, 0, 10), 4, 3), {
    ...code,
    message: /^stepInEpoch is 3; expected an integer from 0 to 2\./,
  });
});

t.test('60,000 samples are shuffled in a few milliseconds', async (t) => {
  for (let epoch = 0; epoch < 5; epoch++) epochOrder(1, epoch, 60000);
  const times = Array.from({ length: 5 }, (_, i) => {
    const start = performance.now();
    epochOrder(1, i, 60000);
    return performance.now() - start;
  });
  const best = Math.min(...times);
  t.comment(`${best.toFixed(2)} ms`);
  t.ok(best < 50, 'with room for a busy machine');
});
