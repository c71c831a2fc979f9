import t from 'tap';
import { loadKernels } from '#src/worker/engine/wasm/module.js';
import { SegmentMath, wireBytes } from '#src/worker/rows/segment-math.js';
import { testRandom } from '../../support/random.js';

const random = testRandom('halves');
const { module } = await loadKernels('plain');
const BLOCK = 256;

const bytesOf = (values: Float32Array): Uint8Array => new Uint8Array(values.slice().buffer);
const floatsOf = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.slice().buffer);

/** Of all magnitudes around one, and now and then zero, infinite or no number at all. */
function randomValues(length: number, strange: boolean): Float32Array {
  const middle = random.below(150) - 75;
  return Float32Array.from({ length }, () => {
    const kind = random.below(40);
    if (kind === 0) return 0;
    if (strange && kind === 1) return [NaN, Infinity, -Infinity][random.below(3)]!;
    const sign = random.below(2) === 0 ? 1 : -1;
    return sign * (1 + random.below(1 << 23) / (1 << 23)) * 2 ** (middle + random.below(50) - 40);
  });
}

const exponentOf = (value: number): number => {
  let exponent = Math.floor(Math.log2(Math.abs(value)));
  if (2 ** exponent > Math.abs(value)) exponent--;
  if (2 ** (exponent + 1) <= Math.abs(value)) exponent++;
  return exponent;
};

/** To nearest, ties to even. */
function rounded(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** What a block is read as: in words of arithmetic, where the kernel has bits. */
function readAs(values: readonly number[]): number[] {
  const largest = Math.max(0, ...values.filter(Number.isFinite).map(Math.abs));
  const exponent = largest < 2 ** -126 ? -127 : exponentOf(largest);
  const k = Math.max(-126, Math.min(126, 14 - exponent));
  return values.map((value) => {
    if (!Number.isFinite(value)) return NaN;
    const scaled = value * 2 ** k;
    if (Math.abs(scaled) < 2 ** -14) return value < 0 || Object.is(value, -0) ? -0 : 0;
    const unit = 2 ** (exponentOf(scaled) - 10);
    return (rounded(scaled / unit) * unit) / 2 ** k;
  });
}

t.test('Halves are the nearest ones, and what they lack is kept for the next time', (t) => {
  for (let round = 0; round < 200; round++) {
    const length = 1 + random.below(round < 150 ? 600 : 5000);
    const halves = round % 3 === 0 ? random.below(length + 1) : length;
    const first = 16 * random.below(1000);
    const math = new SegmentMath(module, length);
    const values = randomValues(length, round % 2 === 0);
    const carry = randomValues(halves, false);
    const sums = [...carry].map((kept, i) => Math.fround(kept + values[i]!));
    const expected = Float32Array.from(values);
    for (let at = 0; at < halves; at += BLOCK) {
      const end = Math.min(halves, at + BLOCK);
      expected.set(readAs(sums.slice(at, end)), at);
    }
    const made = math.encode(bytesOf(values), first, halves, carry);
    const come = math.decode(made.wire, first, length, halves);
    const name = `${length} elements, ${halves} of them in 16 bits`;
    if (made.wire.length !== wireBytes(length, halves))
      t.fail(`${name}: ${made.wire.length} bytes`);
    for (const { bytes } of [made, come]) {
      const bad = floatsOf(bytes).findIndex((value, i) => !Object.is(value, expected[i]));
      if (bad >= 0) t.equal(floatsOf(bytes)[bad], expected[bad], `${name}: element ${bad}`);
    }
    t.equal(come.digest, made.digest, name);
    const strange = [...expected].findIndex((value) => !Number.isFinite(value));
    t.equal(come.nonFinite, strange < 0 ? -1 : first + strange, 'what is not finite shows');
    carry.forEach((kept, i) => {
      const lost = Number.isFinite(sums[i]) ? Math.fround(sums[i]! - expected[i]!) : 0;
      if (kept !== lost) t.equal(kept, lost, `${name}: what is kept of element ${i}`);
    });
  }
  t.end();
});

t.test('In the long run nothing is lost, however small it is beside the largest', (t) => {
  const math = new SegmentMath(module, BLOCK);
  const values = Float32Array.from({ length: BLOCK }, (_, i) => 2 ** -(i % 40));
  const carry = new Float32Array(BLOCK);
  const come = new Float64Array(BLOCK);
  const rounds = 1 << 14;
  for (let round = 0; round < rounds; round++) {
    const { bytes } = math.encode(bytesOf(values), 0, BLOCK, carry);
    floatsOf(bytes).forEach((value, i) => (come[i] = come[i]! + value));
  }
  const furthest = Math.max(...values.map((value, i) => Math.abs(come[i]! - rounds * value)));
  t.ok(furthest <= 2 ** -11, `at most ${furthest} is on its way`);
  const plain = math.encode(bytesOf(values), 0, BLOCK, new Float32Array(BLOCK)).bytes;
  t.equal(floatsOf(plain)[39], 0, 'of itself, the smallest would be zero each time');
  t.end();
});

t.test('A segment of halves in other bytes is read without harm', (t) => {
  const math = new SegmentMath(module, 1000);
  const wire = Uint8Array.from({ length: wireBytes(1000, 900) }, () => random.below(256));
  const { bytes } = math.decode(wire, 0, 1000, 900);
  t.equal(bytes.length, 4000);
  t.end();
});
