import t from 'tap';
import {
  exp32,
  expm132,
  log32,
  normalCdf32,
  sigmoid32,
  softplus32,
  tanh32,
} from '#src/shared/numerics/exact-math.js';
import { KernelHarness } from '../../../support/kernel-harness.js';

/** Every 9973rd float32 bit pattern, the numbers around 0 and 1, and the borders. */
function samples(): Float32Array {
  const bits: number[] = [];
  for (let word = 0; word < 2 ** 32; word += 9973) bits.push(word);
  const floats = new Float32Array(new Uint32Array(bits).buffer);
  const special = [
    0,
    -0,
    1,
    -1,
    Infinity,
    -Infinity,
    NaN,
    1e-45,
    -1e-45,
    1.17549435e-38,
    1.1754942e-38,
    88.72283,
    88.72284,
    -87.33654,
    -103.27893,
    -103.97208,
    -103.97209,
    0.625,
    0.62499994,
    0.3465,
    0.34649998,
    0.70710677,
    0.7071068,
    3.4028235e38,
    -3.4028235e38,
  ];
  const dense = Float32Array.from({ length: 60000 }, (_, i) => (i - 30000) / 271);
  const out = new Float32Array(
    Math.ceil((floats.length + special.length + dense.length) / 4) * 4,
  ).fill(0.5);
  out.set(floats);
  out.set(special, floats.length);
  out.set(dense, floats.length + special.length);
  return out;
}

/** Distance in units of the last place of the correctly rounded result. */
function ulps(actual: number, exact: number): number {
  const rounded = Math.fround(exact);
  if (Object.is(actual, rounded) || actual === rounded) return 0;
  if (Number.isNaN(actual) && Number.isNaN(rounded)) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(rounded)) {
    // Overflow half a unit early or late counts by the distance to the largest number.
    return Math.abs(exact) > 3.40282e38 ? 1 : Infinity;
  }
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(rounded))), -126);
  return Math.abs(actual - exact) / 2 ** (exponent - 23);
}

const log1p = (x: number): number => Math.log1p(x);

/** Φ by Abramowitz & Stegun 7.1.26, as the function promises it. */
function normalCdf(x: number): number {
  const v = Math.abs(x) / Math.SQRT2;
  const s = 1 / (1 + 0.3275911 * v);
  const p =
    s *
    (0.254829592 + s * (-0.284496736 + s * (1.421413741 + s * (-1.453152027 + s * 1.061405429))));
  const tail = 0.5 * p * Math.exp(-v * v);
  return x < 0 ? tail : 1 - tail;
}

const FUNCTIONS: readonly [
  kernel: string,
  twin: (x: number) => number,
  exact: (x: number) => number,
  bound: number,
][] = [
  ['mathExp', exp32, Math.exp, 2],
  ['mathExpm1', expm132, Math.expm1, 4],
  ['mathLog', log32, Math.log, 2],
  ['mathTanh', tanh32, Math.tanh, 4],
  [
    'mathSigmoid',
    sigmoid32,
    (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))),
    4,
  ],
  ['mathSoftplus', softplus32, (x) => Math.max(x, 0) + log1p(Math.exp(-Math.abs(x))), 4],
];

async function run(build: 'plain' | 'relaxed', kernel: string, x: Float32Array) {
  const harness = await KernelHarness.create(build, 16);
  const from = harness.allocate(x.byteLength);
  const to = harness.allocate(x.byteLength);
  harness.floats(from, x.length).set(x);
  harness.kernel(kernel)(to, from, x.length / 4);
  return harness.floats(to, x.length).slice();
}

for (const build of ['plain', 'relaxed'] as const) {
  for (const [kernel, twin, exact, bound] of FUNCTIONS) {
    t.test(`${kernel} (${build}) is within ${bound} units in the last place`, async (t) => {
      const x = samples();
      const y = await run(build, kernel, x);
      let worst = 0;
      let at = 0;
      let differing = 0;
      for (let i = 0; i < x.length; i++) {
        // Results below 2^-126 are spaced evenly: an absolute error of one such step is a unit.
        const error = ulps(y[i]!, exact(x[i]!));
        if (!(error <= worst)) [worst, at] = [error, x[i]!];
        if (build === 'plain' && !Object.is(y[i]!, twin(x[i]!))) differing++;
      }
      t.comment(`worst ${worst.toFixed(3)} at ${at}`);
      t.ok(worst <= bound, `worst ${worst} units at ${at}`);
      t.equal(differing, 0, 'the JavaScript twin has the same bits');
    });
  }
  t.test(`mathNormalCdf (${build}) keeps to 7.1.26 and to its twin`, async (t) => {
    const x = samples();
    const y = await run(build, 'mathNormalCdf', x);
    let worst = 0;
    let differing = 0;
    for (let i = 0; i < x.length; i++) {
      if (Number.isNaN(x[i]!)) continue;
      worst = Math.max(worst, Math.abs(y[i]! - normalCdf(x[i]!)));
      if (build === 'plain' && !Object.is(y[i]!, normalCdf32(x[i]!))) differing++;
    }
    t.ok(worst < 3e-7, `worst ${worst}`);
    t.equal(differing, 0);
  });
}
