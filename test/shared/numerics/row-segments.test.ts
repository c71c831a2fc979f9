import t from 'tap';
import { segmentCount, segmentRange } from '#src/shared/numerics/row-segments.js';
import { testRandom } from '../../support/random.js';

const random = testRandom('row segments');
/** The most elements that one frame carries. */
const MOST = 65536;

t.test('A row of 100 elements, cut in three, by hand', (t) => {
  // 7 lines of 16: 2, 2 and 3 of them.
  const ranges = [0, 1, 2].map((index) => segmentRange(100, 3, index));
  t.strictSame(ranges, [
    { first: 0, end: 32 },
    { first: 32, end: 64 },
    { first: 64, end: 100 },
  ]);
  t.strictSame(segmentRange(5, 1, 0), { first: 0, end: 5 });
  t.end();
});

t.test(
  'How many segments: eight, one a worker where rows are long, or as many as fit frames',
  (t) => {
    t.equal(segmentCount(1_000, 1), 8);
    t.equal(segmentCount(1_000, 9), 8, 'short');
    t.equal(segmentCount(1_000_000, 2), 16);
    t.equal(segmentCount(1_079_370, 40), 40);
    t.equal(segmentCount(100_000, 1000), 24, 'no shorter than 4,096');
    t.equal(segmentCount(1, 1), 1);
    t.equal(segmentCount(17, 1), 2);
    t.end();
  },
);

t.test('Segments cover a row of any length exactly once, and each fits a frame', (t) => {
  const lengths = [
    ...Array.from({ length: 300 }, (_, i) => i + 1),
    ...Array.from({ length: 300 }, () => 1 + random.below(5_000_000)),
    ...[8, 9, 77].flatMap((n) => [n * MOST - 1, n * MOST, n * MOST + 1, n * MOST + 16]),
    ...[2 ** 31 - 1, 2 ** 31, 2 ** 32],
  ];
  for (const length of lengths) {
    const workers = 1 + random.below(random.below(2) === 0 ? 10 : 4096);
    const segments = segmentCount(length, workers);
    const faults = faultsOf(length, segments);
    if (segments < Math.min(workers, Math.floor(length / 4096)))
      faults.push('some worker has none');
    if (faults.length > 0) t.strictSame(faults, [], `${length} elements, ${workers} workers`);
  }
  t.pass(`${lengths.length} lengths`);
  t.end();
});

/** What is wrong with the cut of a row; walked from segment to segment. */
function faultsOf(length: number, segments: number): string[] {
  const faults: string[] = [];
  let at = 0;
  for (let index = 0; index < segments; index++) {
    const { first, end } = segmentRange(length, segments, index);
    if (first !== at) faults.push(`segment ${index} begins at ${first}, not at ${at}`);
    if (end <= first) faults.push(`segment ${index} is empty`);
    if (first % 16 !== 0) faults.push(`segment ${index} begins within a line`);
    if (end - first > MOST) faults.push(`segment ${index} has ${end - first} elements`);
    at = end;
  }
  if (at !== length) faults.push(`they end at ${at} of ${length}`);
  return faults;
}
