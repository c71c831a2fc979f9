import t from 'tap';
import {
  defaultMicroBatch,
  describeGranularity,
  granularityBound,
  suggestMicroBatch,
} from '#src/shared/config/granularity.js';

t.test('the default micro-batch is a quarter, from 16 to 128, never above the batch', async (t) => {
  const known = [
    [1, 1],
    [15, 15],
    [16, 16],
    [17, 16],
    [64, 16],
    [65, 17],
    [128, 32],
    [242, 61],
    [256, 64],
    [512, 128],
    [1000, 128],
    [1048576, 128],
  ] as const;
  for (const [batch, expected] of known) t.equal(defaultMicroBatch(batch), expected, String(batch));
});

const work = (batchSize: number, microBatch: number, threads: number) => ({
  batchSize,
  microBatch,
  threads,
});

t.test('the bound is the share of thread time that micro-batches can fill', async (t) => {
  t.equal(granularityBound(work(128, 32, 1), true), 1);
  t.equal(granularityBound(work(128, 32, 2), true), 1);
  t.equal(granularityBound(work(128, 32, 3), true), 4 / 6);
  t.equal(granularityBound(work(128, 32, 4), true), 1);
  t.equal(granularityBound(work(128, 32, 7), true), 4 / 7, 'teams of two, two, two and one');
  t.equal(granularityBound(work(128, 32, 8), true), 1, 'four teams of two');
  t.equal(granularityBound(work(128, 128, 3), true), 1, 'one team of three');
  t.equal(granularityBound(work(128, 32, 7), false), 4 / 7, 'without teams: four of seven');
  t.equal(granularityBound(work(128, 32, 8), false), 4 / 8);
  t.equal(granularityBound(work(128, 128, 3), false), 1 / 3);
  t.equal(
    granularityBound(work(100, 32, 4), true),
    1,
    'a short batch has ⌈100/32⌉ = 4 micro-batches',
  );
});

t.test('the best multiple of 16 is suggested, the largest of equals, or none', async (t) => {
  t.same(suggestMicroBatch(work(128, 32, 3), true), { microBatch: 16, bound: 8 / 9 });
  t.same(suggestMicroBatch(work(512, 128, 3), true), { microBatch: 96, bound: 1 });
  t.equal(suggestMicroBatch(work(128, 32, 4), true), null);
  t.equal(suggestMicroBatch(work(16, 16, 4), true), null, 'none is smaller than 16');
});

t.test('the bound is put in one line', async (t) => {
  t.equal(
    describeGranularity(work(128, 32, 3), true),
    '4 micro-batches on 3 threads: at most 67 %; --micro-batch 16 gives 89 %',
  );
  t.equal(
    describeGranularity(work(64, 64, 4), false),
    '1 micro-batch on 4 threads: at most 25 %; --micro-batch 16 gives 100 %',
  );
  t.equal(describeGranularity(work(64, 64, 4), true), '1 micro-batch on 4 threads: at most 100 %');
  t.equal(describeGranularity(work(8, 8, 1), true), '1 micro-batch on 1 thread: at most 100 %');
});
