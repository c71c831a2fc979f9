import t from 'tap';
import { candidatesFor, halvingCost, rungsOf } from '#src/shared/study/halving.js';

t.test("the rungs are those of Hyperband's table", (t) => {
  // Li et al. 2018, table 1: R = 81, eta = 3; its brackets s = 4, 3 and 1.
  const wish = { eta: 3, maxEpochs: 81 };
  const pairs = (candidates: number, minEpochs: number) =>
    rungsOf(candidates, { ...wish, minEpochs }).map(({ runs, epochs }) => [runs, epochs]);
  t.same(pairs(81, 1), [
    [81, 1],
    [27, 3],
    [9, 9],
    [3, 27],
    [1, 81],
  ]);
  t.same(pairs(27, 3), [
    [27, 3],
    [9, 9],
    [3, 27],
    [1, 81],
  ]);
  t.same(pairs(6, 27), [
    [6, 27],
    [2, 81],
  ]);
  t.end();
});

t.test('one run goes on at least, and the last rung stays below the most', (t) => {
  t.same(rungsOf(5, { eta: 3, minEpochs: 2, maxEpochs: 20 }), [
    { runs: 5, epochs: 2 },
    { runs: 1, epochs: 6 },
    { runs: 1, epochs: 18 },
  ]);
  t.end();
});

t.test('a budget in epochs buys the candidates that it pays for', (t) => {
  const wish = { eta: 3, minEpochs: 1, maxEpochs: 9 };
  const rungs = rungsOf(9, wish);
  t.equal(halvingCost(rungs, true), 9 * 1 + 3 * 2 + 1 * 6);
  t.equal(halvingCost(rungs, false), 9 * 1 + 3 * 3 + 1 * 9);
  t.equal(candidatesFor(21, wish, true), 9);
  t.equal(candidatesFor(20, wish, true), 8, '8 + 2 · 2 + 6 = 18');
  t.equal(candidatesFor(27, wish, false), 9);
  t.equal(candidatesFor(8, wish, true), 0, 'one alone takes 9');
  t.end();
});
