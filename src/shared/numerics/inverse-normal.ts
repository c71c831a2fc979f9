/**
 * The inverse of the standard normal distribution function, in + − × ÷ √ alone, so that every
 * engine gives the same bits: algorithm AS 241, PPND16 (M. J. Wichura, "The percentage points of
 * the normal distribution", Applied Statistics 37, 1988), relative accuracy about 1e-16. Its
 * branch for probabilities below 1.4e-11 is left out.
 */

/** [numerator, denominator], coefficients from the highest power down, rounded to float64. */
const CENTRE: Rational = [
  [
    2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946,
    1971.5909503065513, 133.14166789178438, 3.3871328727963665,
  ],
  [
    5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751,
    687.1870074920579, 42.31333070160091, 1,
  ],
];
const TAIL: Rational = [
  [
    0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684,
    3.6478483247632045, 5.769497221460691, 4.630337846156546, 1.4234371107496835,
  ],
  [
    1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008,
    0.6897673349851, 1.6763848301838038, 2.053191626637759, 1,
  ],
];
type Rational = readonly [readonly number[], readonly number[]];

/** z with Φ(z) = p, for p in (1e-10, 1 − 1e-10). */
export function inverseNormal(p: number): number {
  const q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) return q * evaluate(CENTRE, 0.180625 - q * q);
  const z = evaluate(TAIL, Math.sqrt(-naturalLog(q < 0 ? p : 1 - p)) - 1.6);
  return q < 0 ? -z : z;
}

function evaluate([numerator, denominator]: Rational, x: number): number {
  return horner(numerator, x) / horner(denominator, x);
}

function horner(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (const coefficient of coefficients) sum = sum * x + coefficient;
  return sum;
}

const LN2 = 0.6931471805599453;

/** ln x for x in (0, 1): x = m·2^−e with m in [0.75, 1.5), ln m = 2·artanh((m − 1)/(m + 1)). */
function naturalLog(x: number): number {
  let mantissa = x;
  let exponent = 0;
  while (mantissa < 0.75) {
    mantissa *= 2;
    exponent += 1;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s; // at most 1/25: what follows the term in s^25 is below 1e-18
  let series = 0;
  for (let odd = 25; odd >= 1; odd -= 2) series = series * square + 1 / odd;
  return 2 * s * series - exponent * LN2;
}
