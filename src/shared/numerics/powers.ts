import { exp32, log32 } from './exact-math.js';

/** baseⁿ for a whole n ≥ 0 by squaring: `**` is not the same bits everywhere. */
export function wholePower(base: number, exponent: number): number {
  let result = 1;
  for (let square = base, left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}

/** base^x for x ≥ 0: the whole part by squaring, the rest within a few units of float32. */
export function realPower(base: number, exponent: number): number {
  const whole = Math.floor(exponent);
  const logarithm = log32(Math.fround(base));
  return wholePower(base, whole) * exp32(Math.fround(logarithm * (exponent - whole)));
}
