import t from 'tap';
import { digestSlice, finishDigest } from '#src/shared/numerics/vector-digest.js';

t.test('a digest is the same for ever', (t) => {
  const values = Float32Array.of(1, -2.5, 0, 3e-45, 1e38);
  t.equal(digestSlice(values, 0), 0x996be91dca62b65bn);
  t.equal(finishDigest(digestSlice(values, 0), 5), 'b134fde804e0c302');
  const parts = digestSlice(values.subarray(0, 2), 0) + digestSlice(values.subarray(2), 2);
  t.equal(BigInt.asUintN(64, parts), 0x996be91dca62b65bn, 'in two slices');
  t.end();
});

t.test('the finished digest depends on the length and is 16 hexadecimal digits', (t) => {
  t.match(finishDigest(0n, 1), /^[0-9a-f]{16}$/);
  t.not(finishDigest(0n, 1), finishDigest(0n, 2), 'a vector of zeros and a longer one');
  t.not(finishDigest(1n, 2), finishDigest(2n, 2));
  t.equal(finishDigest(2n ** 64n - 1n, 3), finishDigest(2n ** 64n - 1n, 3));
  t.end();
});
