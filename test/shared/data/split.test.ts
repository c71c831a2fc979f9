import t from 'tap';
import { philox4x32 } from '#src/shared/numerics/philox.js';
import { splitSamples, validationCount, type SplitWish } from '#src/shared/data/split.js';

const wish = (validation: number, rest: Partial<SplitWish> = {}): SplitWish => ({
  ...{ validation, validationSplit: 'stratified', seed: 5, ...rest },
});

/** Label 0 fifty times, 1 thirty times, 2 twenty times, in turns. */
const labels = Uint16Array.from({ length: 100 }, (_, i) => [0, 1, 0, 2, 0, 1, 0, 1, 0, 2][i % 10]!);

const perClass = (samples: Uint32Array): number[] =>
  [0, 1, 2].map((label) => samples.filter((sample) => labels[sample] === label).length);

t.test('a share is rounded to the nearest sample, and is one at least', async (t) => {
  t.same(
    [0, 0.2, 0.001, 0.125, 1, 30].map((validation) => validationCount(validation, 100)),
    [0, 20, 1, 13, 1, 30],
  );
});

t.test('every sample is in one of the parts, whatever the wish', async (t) => {
  for (const validationSplit of ['plain', 'stratified'] as const) {
    for (const size of [0, 0.01, 0.2, 33, 99]) {
      const { train, validation } = splitSamples(labels, 3, wish(size, { validationSplit }));
      const all = [...train, ...validation].sort((a, b) => a - b);
      t.same(all, [...labels.keys()], `${validationSplit}, ${String(size)}`);
      t.equal(validation.length, validationCount(size, 100));
    }
  }
});

t.test('stratified, every class gives its share, and remainders add up', async (t) => {
  const split = (validation: number) =>
    perClass(splitSamples(labels, 3, wish(validation)).validation);
  t.same(split(0.2), [10, 6, 4]);
  t.same(split(11), [6, 3, 2], '5.5, 3.3, 2.2: the one left over goes to the half');
  t.same(split(13), [6, 4, 3], '6.5, 3.9, 2.6: two left over');
});

t.test('plain, the first of the shuffled samples, drawn by hand', async (t) => {
  const order = [...labels.keys()];
  const words = new Uint32Array(4);
  for (let i = 99; i > 0; i--) {
    const draw = 99 - i;
    // Purpose 4 of streams.ts, in the last word of the counter; seed 5.
    philox4x32(Math.floor(draw / 4), 0, 0, 4 * 2 ** 24, 5, 0, words);
    const j = Number((BigInt(words[draw % 4]!) * BigInt(i + 1)) >> 32n);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const { validation } = splitSamples(labels, 3, wish(7, { validationSplit: 'plain' }));
  t.same(
    [...validation],
    order.slice(0, 7).sort((a, b) => a - b),
  );
});

t.test('another seed puts others aside', async (t) => {
  const of = (seed: number) => [...splitSamples(labels, 3, wish(20, { seed })).validation];
  t.notSame(of(5), of(6));
  t.same(of(5), of(5));
});
