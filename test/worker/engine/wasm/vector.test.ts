import t from 'tap';
import { digestSlice } from '#src/shared/numerics/vector-digest.js';
import { KernelHarness, randomValues } from '../../../support/kernel-harness.js';

const LENGTHS = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 63, 64, 1000, 1003];

t.test('addRows adds every element and nothing beside them', async (t) => {
  const harness = await KernelHarness.create('plain', 1);
  for (const length of LENGTHS) {
    harness.reset();
    // From an odd element: rows are at multiples of 4 bytes only.
    const to = harness.allocate(length * 4 + 8) + 4;
    const from = harness.allocate(length * 4 + 8) + 4;
    const [a, b] = [randomValues(length, length), randomValues(length + 9, length)];
    harness.floats(to, length).set(a);
    harness.floats(from, length).set(b);
    const after = harness.floats(to + length * 4, 1)[0];
    harness.kernel('addRows')(to, from, length);
    t.same(
      harness.floats(to, length),
      a.map((v, i) => v + b[i]!),
    );
    t.same(harness.floats(from, length), b);
    t.equal(harness.floats(to + length * 4, 1)[0], after);
  }
});

t.test('firstNonFinite finds the first infinity or NaN wherever it stands', async (t) => {
  const harness = await KernelHarness.create('plain', 1);
  for (const length of [1, 3, 16, 17, 67]) {
    harness.reset();
    const at = harness.allocate(length * 4 + 8) + 4;
    const values = harness.floats(at, length);
    values.fill(3.4028235e38);
    harness.floats(at + length * 4, 1)[0] = NaN;
    t.equal(harness.kernel('firstNonFinite')(at, length), -1);
    for (const bad of [NaN, Infinity, -Infinity]) {
      for (let i = 0; i < length; i++) {
        values.fill(-1e-45);
        values[i] = bad;
        values[length - 1] = bad;
        t.equal(harness.kernel('firstNonFinite')(at, length), i);
      }
    }
  }
});

/** The definition, with big integers. */
function sum(values: Float32Array, first: number): bigint {
  const mask = 0xffffffffn;
  const mix = (value: bigint): bigint => {
    let h = value & mask;
    h = ((h ^ (h >> 16n)) * 0x85ebca6bn) & mask;
    h = ((h ^ (h >> 13n)) * 0xc2b2ae35n) & mask;
    return h ^ (h >> 16n);
  };
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let total = 0n;
  bits.forEach((word, i) => {
    const high = mix(BigInt(first + i));
    const key = (high << 32n) | ((high * 0x9e3779b1n) & mask) | 1n;
    total += BigInt(word) * key;
  });
  return BigInt.asUintN(64, total);
}

t.test('the digest is what its definition says, in WebAssembly and in JavaScript', async (t) => {
  const harness = await KernelHarness.create('plain', 1);
  for (const length of LENGTHS) {
    for (const first of [0, 16, 123456, 4_000_000_000]) {
      harness.reset();
      const at = harness.allocate(length * 4 + 8) + 4;
      const values = randomValues(length + 5, length);
      harness.floats(at, length).set(values);
      const kernel = harness.kernel('digestSlice')(at, length, first) as unknown as bigint;
      const expected = sum(values, first);
      t.equal(BigInt.asUintN(64, kernel), expected, `${length} from ${first}, kernel`);
      t.equal(digestSlice(values, first), expected, `${length} from ${first}, twin`);
    }
  }
});

t.test('slices add up to the whole, wherever the vector is cut', async (t) => {
  const harness = await KernelHarness.create('plain', 1);
  const values = randomValues(77, 1003);
  const at = harness.allocate(1003 * 4);
  harness.floats(at, 1003).set(values);
  const slice = (first: number, end: number) =>
    harness.kernel('digestSlice')(at + first * 4, end - first, first) as unknown as bigint;
  const whole = BigInt.asUintN(64, slice(0, 1003));
  for (const cuts of [[16], [500], [1, 2, 3], [16, 32, 999, 1002]]) {
    const ends = [...cuts, 1003];
    const parts = ends.map((end, i) => slice(i === 0 ? 0 : ends[i - 1]!, end));
    t.equal(
      BigInt.asUintN(
        64,
        parts.reduce((a, b) => a + b),
      ),
      whole,
    );
  }
  // Two neighbours swapped, one bit flipped, one element moved: all show.
  const changed = (change: (copy: Float32Array) => void): bigint => {
    const copy = values.slice();
    change(copy);
    return digestSlice(copy, 0);
  };
  t.not(
    changed((c) => ([c[5], c[6]] = [c[6]!, c[5]!])),
    whole,
  );
  t.not(
    changed((c) => (new Uint32Array(c.buffer)[1002]! ^= 1)),
    whole,
  );
  t.not(
    changed((c) => (new Uint32Array(c.buffer)[0]! ^= 1 << 31)),
    whole,
  );
});

t.test('crc32c gives the checksums of RFC 3720, appendix B.4, and continues', async (t) => {
  const harness = await KernelHarness.create('plain', 1);
  const table = harness.allocate(8192);
  const at = harness.allocate(4096);
  harness.kernel('crc32cTable')(table);
  const bytes = new Uint8Array(harness.memory.buffer, at, 4096);
  const crc = (data: ArrayLike<number>, seed = 0) => {
    bytes.set(Array.from(data));
    return harness.kernel('crc32c')(at, data.length, seed, table) >>> 0;
  };
  const ascending = Array.from({ length: 32 }, (_, i) => i);
  t.equal(crc(Buffer.from('123456789')), 0xe3069283);
  t.equal(crc(new Uint8Array(32)), 0x8a9136aa);
  t.equal(crc(new Uint8Array(32).fill(255)), 0x62a8ab43);
  t.equal(crc(ascending), 0x46dd794e);
  t.equal(crc([...ascending].reverse()), 0x113fdb5c);
  t.equal(crc([]), 0);
  for (let cut = 0; cut <= 32; cut++) {
    t.equal(crc(ascending.slice(cut), crc(ascending.slice(0, cut))), 0x46dd794e, `cut at ${cut}`);
  }
});
