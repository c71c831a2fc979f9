/**
 * e^x and ln x in float64, out of + − × ÷ alone: `Math.exp` and `Math.log` differ between engines.
 * Errors: below 1e-15 of the value (exp), below 1e-15 of max(1, |value|) (log).
 */
import { log32 } from './exact-math.js';

/** ln 2 in two parts; the first has 33 bits, so that small multiples of it are exact. */
const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
/** Below, the result is 0; above, infinite. */
const LEAST = -745.2;
const GREATEST = 709.8;

export function exp64(x: number): number {
  if (!(x > LEAST)) return x !== x ? NaN : 0;
  if (x > GREATEST) return Infinity;
  const n = Math.round(x * Math.LOG2E);
  const r = x - n * LN2_HIGH - n * LN2_LOW;
  // |r| ≤ 0.3466: the first term left out, r^16 / 16!, is below 3e-21.
  let sum = 1;
  for (let k = 15; k > 0; k--) sum = 1 + (r / k) * sum;
  // In two steps, so that neither power overflows where their product does not.
  const half = Math.trunc(n / 2);
  return sum * powerOfTwo(half) * powerOfTwo(n - half);
}

/** ln x of x ≥ 1e-37 by Newton's method from float32's value; −∞ below, NaN of negative numbers. */
export function log64(x: number): number {
  if (x === Infinity) return x;
  let y = log32(Math.fround(x));
  if (!Number.isFinite(y)) return y;
  for (let i = 0; i < 2; i++) y += x * exp64(-y) - 1;
  return y;
}

/** 2ⁿ for n from −1022 to 1023. */
function powerOfTwo(n: number): number {
  bits[1] = (n + 1023) << 20;
  return value[0]!;
}

const value = new Float64Array(1);
const bits = new Uint32Array(value.buffer);
