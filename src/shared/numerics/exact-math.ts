/**
 * exp, log and their relatives in float32, out of + − × ÷ rounded by `Math.fround` and of integer
 * operations: the arithmetic of the plain WebAssembly kernels (src/worker/engine/wasm/assembly/
 * math.ts), bit for bit, where there is no WebAssembly to call. Arguments are float32.
 * Errors: exp and log within 2 units in the last place, tanh and sigmoid within 4.
 *
 * Coefficients: Cephes Mathematical Library, single precision (S. L. Moshier, 1992), and for erf
 * Abramowitz & Stegun 7.1.26.
 */
const f = Math.fround;

const EXP = [
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
  5.0000001201e-1,
].map(f);
const LOG = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1,
  -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
].map(f);
const TANH = [
  -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1,
].map(f);
const ERF = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592].map(f);

const LOG2_E = f(Math.LOG2E);
/** ln 2 in two parts; small multiples of the first are exact. */
const LN2_HIGH = f(0.693359375);
const LN2_LOW = f(-2.1219444e-4);
const SQRT_HALF = f(Math.SQRT1_2);
const ERF_P = f(0.3275911);
const SMALLEST_NORMAL = f(1.17549435e-38);
/** x + 1.5·2^23 − 1.5·2^23 rounds |x| < 2^22 to an integer, ties to even. */
const ROUNDER = 12582912;

const word = new Int32Array(1);
const float = new Float32Array(word.buffer);

function fromBits(bits: number): number {
  word[0] = bits;
  return float[0]!;
}

function toBits(value: number): number {
  float[0] = value;
  return word[0]!;
}

/** a·b + c with two roundings. */
function madd(a: number, b: number, c: number): number {
  return f(f(a * b) + c);
}

/** Horner's scheme, the highest coefficient first. */
function polynomial(coefficients: readonly number[], x: number): number {
  let sum = coefficients[0]!;
  for (let i = 1; i < coefficients.length; i++) sum = madd(sum, x, coefficients[i]!);
  return sum;
}

/** e^x: overflows to ∞ and underflows through the denormals to 0. */
export function exp32(x: number): number {
  const bounded = x > 89 ? 89 : x < -105 ? -105 : x;
  const n = f(f(f(bounded * LOG2_E) + ROUNDER) - ROUNDER);
  let r = f(bounded - f(n * LN2_HIGH));
  r = f(r - f(n * LN2_LOW));
  const y = f(madd(f(r * r), polynomial(EXP, r), r) + 1);
  const half = n >> 1;
  return f(f(y * fromBits((half + 127) << 23)) * fromBits((n - half + 127) << 23));
}

/** e^x − 1, without cancellation near 0. */
export function expm132(x: number): number {
  if (Math.abs(x) < f(0.3465)) return madd(f(x * x), polynomial(EXP, x), x);
  return f(exp32(x) - 1);
}

/** ln x: −∞ at ±0, NaN below. */
export function log32(x: number): number {
  if (x === 0) return -Infinity;
  if (!(x > 0)) return NaN;
  if (x === Infinity) return x;
  const denormal = x < SMALLEST_NORMAL;
  const bits = toBits(denormal ? f(x * 8388608) : x);
  let e = (bits >>> 23) - 126 - (denormal ? 23 : 0);
  let m = fromBits((bits & 0x007fffff) | 0x3f000000);
  if (m < SQRT_HALF) {
    e -= 1;
    m = f(f(m + m) - 1);
  } else {
    m = f(m - 1);
  }
  const z = f(m * m);
  let y = f(f(m * z) * polynomial(LOG, m));
  y = madd(e, LN2_LOW, y);
  y = f(y - f(0.5 * z));
  return madd(e, LN2_HIGH, f(m + y));
}

export function tanh32(x: number): number {
  const a = Math.abs(x);
  let t: number;
  if (a < 0.625) {
    const z = f(a * a);
    t = madd(f(polynomial(TANH, z) * z), a, a);
  } else {
    t = f(1 - f(2 / f(exp32(f(a + a)) + 1)));
  }
  return x < 0 || Object.is(x, -0) ? -t : t;
}

/** 1 / (1 + e^−x), accurate also where it is tiny. */
export function sigmoid32(x: number): number {
  const e = exp32(-Math.abs(x));
  return f((x < 0 ? e : 1) / f(1 + e));
}

/** ln(1 + e^x). */
export function softplus32(x: number): number {
  const e = exp32(-Math.abs(x));
  const u = f(e + 1);
  const d = f(u - 1);
  const log1p = d === 0 ? e : f(log32(u) * f(e / d));
  return f((x < 0 ? 0 : x) + log1p);
}

/** Φ(x), the normal distribution function, off by at most 1.5e-7. */
export function normalCdf32(x: number): number {
  const v = f(Math.abs(x) * SQRT_HALF);
  const t = f(1 / madd(ERF_P, v, 1));
  const gauss = exp32(-f(v * v));
  const tail = f(f(f(polynomial(ERF, t) * t) * gauss) * 0.5);
  return x < 0 ? tail : f(1 - tail);
}
