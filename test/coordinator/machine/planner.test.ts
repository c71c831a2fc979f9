import t from 'tap';
import { planCuts, steadyMillis } from '#src/coordinator/machine/planner.js';
import type { Range } from '#src/shared/numerics/micro-batches.js';
import { covering } from '#src/shared/numerics/reduction-tree.js';

function slowest(
  cuts: readonly Range[],
  millis: readonly number[],
  node: number,
  count: number,
): number {
  const times = cuts.map(
    (range, w) => (range.end - range.first) * millis[w]! + covering(range, count).length * node,
  );
  return Math.max(...times);
}

/** All contiguous cuts, one after the other. */
function least(count: number, millis: readonly number[], node: number): number {
  const visit = (worker: number, first: number, cuts: readonly Range[]): number => {
    if (worker === millis.length - 1) {
      return slowest([...cuts, { first, end: count }], millis, node, count);
    }
    let best = Infinity;
    for (let end = first; end <= count; end++) {
      best = Math.min(best, visit(worker + 1, end, [...cuts, { first, end }]));
    }
    return best;
  };
  return visit(0, 0, []);
}

t.test('One worker does everything, equal workers do equal parts', (t) => {
  t.strictSame(planCuts(5, [3], 1), [{ first: 0, end: 5 }]);
  t.strictSame(planCuts(8, [1, 1], 0.1), [
    { first: 0, end: 4 },
    { first: 4, end: 8 },
  ]);
  t.strictSame(planCuts(0, [1, 1], 1).length, 2, 'nothing is left to compute');
  t.end();
});

t.test('The slowest worker is done as early as any contiguous cut allows', (t) => {
  const seed = Date.now();
  t.comment(`seed ${seed}`);
  let state = seed | 0;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
  for (let trial = 0; trial < 60; trial++) {
    const count = 1 + Math.floor(random() * 10);
    const millis = Array.from({ length: 1 + Math.floor(random() * 3) }, () => 0.5 + random() * 4);
    const node = random() * 2;
    const cuts = planCuts(count, millis, node);
    t.equal(cuts[0]?.first, 0);
    t.equal(cuts[cuts.length - 1]?.end, count);
    const got = slowest(cuts, millis, node, count);
    if (Math.abs(got - least(count, millis, node)) > 1e-9) {
      t.fail(`count ${count}, millis ${millis.join()}, node ${node}`);
    }
  }
  t.end();
});

t.test('Small differences of measured times change no plan', (t) => {
  t.strictSame(steadyMillis([10, 10.1]), steadyMillis([10.1, 10]));
  t.strictSame(steadyMillis([0, 0]), [1, 1], 'nothing measured yet');
  t.strictSame(steadyMillis([0, 4]), [4, 4], 'unmeasured: like the others');
  t.end();
});

t.test('Thousands of pieces, hundreds of workers: planned in no time, and fairly', (t) => {
  for (const [count, workers, node] of [
    [4375, 2, 0],
    [60_000, 3, 0],
    [512, 8, 0.7],
    [100_000, 256, 0.1],
  ] as const) {
    const millis = Array.from({ length: workers }, (_, w) => 1 + (w % 3));
    const began = performance.now();
    const cuts = planCuts(count, millis, node);
    const seconds = (performance.now() - began) / 1000;
    t.ok(seconds < 2, `${count} for ${workers} workers took ${seconds.toFixed(2)} s`);
    t.equal(cuts.at(-1)?.end, count);
    const speed = millis.reduce((sum, each) => sum + 1 / each, 0);
    const ideal = count / speed;
    const got = slowest(cuts, millis, 0, count);
    t.ok(got < ideal * 1.35, `${got.toFixed(0)} ms, ${ideal.toFixed(0)} at best`);
    const again = performance.now();
    planCuts(count, millis, node);
    t.ok(performance.now() - again < 50, 'and remembered');
  }
  t.end();
});
