import t from 'tap';
import {
  addProofs,
  addSample,
  expectedProof,
  sampleHash,
  type Uint64,
} from '#src/shared/data/sample-proof.js';
import { testRandom } from '../../support/random.js';

const toBigInt = ([low, high]: Uint64) => (BigInt(high) << 32n) | BigInt(low);

t.test('the sum of hashes is the sum modulo 2^64, in any order and any cut', async (t) => {
  const { below } = testRandom('sample proof');
  const labels = Uint16Array.from({ length: 1000 }, () => below(10));
  const samples = Uint32Array.from({ length: 500 }, () => below(1000));
  const oracle = samples.reduce(
    (sum, sample) => BigInt.asUintN(64, sum + toBigInt(sampleHash(4, sample, labels[sample]!))),
    0n,
  );
  t.equal(toBigInt(expectedProof(samples, labels, 4)), oracle);
  t.equal(toBigInt(expectedProof(samples.slice().reverse(), labels, 4)), oracle);
  const cut = below(500);
  const head = expectedProof(samples.subarray(0, cut), labels, 4);
  const tail = expectedProof(samples.subarray(cut), labels, 4);
  t.equal(toBigInt(addProofs(head, tail)), oracle);
});

t.test('addSample carries from the low word and touches nothing else', async (t) => {
  const sum = new Uint32Array([9, 0xffffffff, 0xffffffff, 9]);
  const [low, high] = sampleHash(1, 2, 3);
  addSample(sum, 1, 1, 2, 3);
  const expected = BigInt.asUintN(64, 0xffffffffffffffffn + toBigInt([low, high]));
  t.equal(toBigInt([sum[1]!, sum[2]!]), expected);
  t.same([sum[0], sum[3]], [9, 9]);
  t.same(addProofs([0xffffffff, 1], [1, 2]), [0, 4]);
});

t.test(
  'a sample left out, doubled, exchanged, relabelled or of another epoch is seen',
  async (t) => {
    const labels = Uint16Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const right = expectedProof([0, 1, 2, 3], labels, 0);
    const wrong = (samples: number[], epoch = 0, of: ArrayLike<number> = labels) =>
      t.not(toBigInt(expectedProof(samples, of, epoch)), toBigInt(right));
    wrong([0, 1, 2]);
    wrong([1, 2, 3]);
    wrong([0, 1, 2, 3, 3]);
    wrong([0, 1, 2, 2]);
    wrong([0, 1, 2, 4]);
    wrong([0, 1, 2, 3], 1);
    wrong([0, 1, 2, 3], 0, [1, 0, 2, 3]);
    t.not(toBigInt(sampleHash(0, 0, 0)), 0n, 'a sample that is all zeros counts too');
  },
);

t.test('hashes of a whole set in three epochs are all different', async (t) => {
  const seen = new Set<bigint>();
  for (let epoch = 0; epoch < 3; epoch++) {
    for (let sample = 0; sample < 20000; sample++) {
      seen.add(toBigInt(sampleHash(epoch, sample, sample % 10)));
    }
  }
  t.equal(seen.size, 60000);
});

t.test('the hash is the one that other versions and machines compute', async (t) => {
  t.same(sampleHash(0, 0, 0), [2662854317, 2922291134]);
  t.same(sampleHash(3, 59999, 9), [2822514844, 3395110531]);
});
