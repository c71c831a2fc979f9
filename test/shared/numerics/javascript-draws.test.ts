import t from 'tap';
import { javascriptDraws } from '#src/shared/numerics/javascript-draws.js';
import { philox4x32 } from '#src/shared/numerics/philox.js';

const first = (draw: () => number, count: number) => Array.from({ length: count }, draw);

void t.test('draws are the words of their Philox stream, 53 bits each', (t) => {
  const words = new Uint32Array(4);
  philox4x32(0, 2, 9, 9 * 2 ** 24, 5, 1, words);
  const fraction = (high: number, low: number) =>
    Number((BigInt(high >>> 5) << 26n) | BigInt(low >>> 6)) / 2 ** 53;
  t.same(first(javascriptDraws(2 ** 32 + 5, 9, 2), 2), [
    fraction(words[0]!, words[1]!),
    fraction(words[2]!, words[3]!),
  ]);
  t.end();
});

void t.test('seed, step and micro-batch each give other draws, evenly in [0, 1)', (t) => {
  const keys = [
    [1, 0, 0],
    [2, 0, 0],
    [1, 1, 0],
    [1, 0, 1],
  ] as const;
  const all = keys.map(([seed, step, index]) => first(javascriptDraws(seed, step, index), 1000));
  t.equal(new Set(all.flat()).size, 4000);
  t.same(first(javascriptDraws(1, 0, 0), 1000), all[0]);
  for (const draws of all) {
    t.ok(draws.every((each) => each >= 0 && each < 1));
    const mean = draws.reduce((sum, each) => sum + each, 0) / 1000;
    t.ok(Math.abs(mean - 0.5) < 0.04, `mean ${mean}`);
  }
  t.end();
});
