import t from 'tap';
import { ComingBatches, tagOf, type StepSamples } from '#src/worker/samples/coming-batches.js';

const step = (number: number, samples: number, order: 0 | 1 = 0, first = 0): StepSamples => ({
  ...{ step: number, order, first, samples },
  microBatches: Math.ceil(samples / 10),
});
const node = (first: number, end: number) => ({ first, end });
const shown = (batches: ReturnType<ComingBatches['asked']>): string[] =>
  batches.map(({ tag, index, order, first, size }) => `${tag}:${index} ${order} ${first}+${size}`);

t.test('what is left of a step, and the next one, in the order of the threads', async (t) => {
  const coming = new ComingBatches(2);
  t.same(shown(coming.asked(step(0, 35), node(0, 4), step(1, 20, 0, 35))), [
    // Two threads: micro-batches 0, 2, 1, 3; the cut of 35 samples is 9, 9, 9, 8.
    ...['1:0 0 0+9', '1:2 0 18+9', '1:1 0 9+9', '1:3 0 27+8'],
    ...['2:0 0 35+10', '2:1 0 45+10'],
  ]);
});

t.test('nodes of the step before come again, and the last one reaches to the end', async (t) => {
  const coming = new ComingBatches(1);
  const tagged = (now: number, [first, end]: [number, number], next: number) =>
    coming
      .asked(step(now, 80), node(first, end), step(next, 50, 1))
      .map(({ tag, index }) => `${String(tag)}:${String(index)}`);
  t.same(tagged(0, [4, 6], 1), ['1:4', '1:5', '2:4'], 'five micro-batches in the next step');
  t.same(tagged(0, [6, 8], 1), ['1:6', '1:7', '2:4'], 'those of both nodes that the next step has');
  t.same(tagged(1, [4, 6], 2), ['2:4', '2:5', '2:6', '2:7', '3:4'], 'its second node is foretold');
  t.same(tagged(1, [6, 8], 2), ['2:6', '2:7', '3:4']);
  t.same(tagged(2, [0, 4], 3).slice(0, 8), [
    '3:0',
    '3:1',
    '3:2',
    '3:3',
    '3:4',
    '3:5',
    '3:6',
    '3:7',
  ]);
  t.same(tagged(3, [0, 4], 4), ['4:0', '4:1', '4:2', '4:3', '5:0', '5:1', '5:2', '5:3']);
});

t.test('evaluations, and the tags that tell them from steps', async (t) => {
  const coming = new ComingBatches(2);
  t.same(coming.evaluated(-3, 1, 25, 3, node(0, 3)), [
    { thread: 0, tag: -3, index: 0, set: 1, order: -1, first: 0, size: 9 },
    { thread: 1, tag: -3, index: 2, set: 1, order: -1, first: 17, size: 8 },
    { thread: 0, tag: -3, index: 1, set: 1, order: -1, first: 9, size: 8 },
  ]);
  t.equal(tagOf(0), 1);
  t.ok(tagOf(4294967295) >= 0);
});
