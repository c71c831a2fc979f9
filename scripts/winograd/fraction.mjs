/** Exact fractions of integers: what Winograd's matrices are made of. */
export class Fraction {
  constructor(numerator, denominator = 1) {
    const sign = denominator < 0 ? -1 : 1;
    const divisor = gcd(Math.abs(numerator), Math.abs(denominator)) * sign;
    this.numerator = numerator / divisor;
    this.denominator = denominator / divisor;
    if (!Number.isSafeInteger(this.numerator) || !Number.isSafeInteger(this.denominator)) {
      throw new Error(`${numerator} / ${denominator} is no fraction of safe integers.`);
    }
  }

  plus(other) {
    const numerator = this.numerator * other.denominator + other.numerator * this.denominator;
    return new Fraction(numerator, this.denominator * other.denominator);
  }

  minus(other) {
    return this.plus(other.negated());
  }

  times(other) {
    return new Fraction(this.numerator * other.numerator, this.denominator * other.denominator);
  }

  over(other) {
    return this.times(new Fraction(other.denominator, other.numerator));
  }

  negated() {
    return new Fraction(-this.numerator, this.denominator);
  }

  magnitude() {
    return new Fraction(Math.abs(this.numerator), this.denominator);
  }

  equals(other) {
    return this.numerator === other.numerator && this.denominator === other.denominator;
  }

  isZero() {
    return this.numerator === 0;
  }

  valueOf() {
    return this.numerator / this.denominator;
  }

  toString() {
    return this.denominator === 1 ? `${this.numerator}` : `${this.numerator}/${this.denominator}`;
  }
}

export const ZERO = new Fraction(0);
export const ONE = new Fraction(1);

function gcd(a, b) {
  while (b !== 0) [a, b] = [b, a % b];
  return a === 0 ? 1 : a;
}
