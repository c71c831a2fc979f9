/**
 * AssemblyScript for products of a constant matrix and a line of vectors. Two points of opposite
 * sign share their even and odd parts: half the operations.
 */
import { Fraction, ONE } from './fraction.mjs';
import { transposed } from './matrices.mjs';

const half = new Fraction(1, 2);
const MINUS_ONE = ONE.negated();

/**
 * Factors stand in memory, at `k`: V8 makes a constant vector of three instructions each time it is
 * used, and loads one with one. `CONSTANTS` lists them in the order in which they are met.
 */
export const CONSTANTS = [];

function constant(value) {
  let index = CONSTANTS.findIndex((each) => each.equals(value));
  if (index < 0) index = CONSTANTS.push(value) - 1;
  return `v128.load32_splat(k, ${index * 4})`;
}

const add = (a, b) => `f32x4.add(${a}, ${b})`;
const subtract = (a, b) => `f32x4.sub(${a}, ${b})`;
const times = (name, factor) => `f32x4.mul(${name}, ${constant(factor)})`;
const timesPlus = (name, factor, plus) => `madd(${name}, ${constant(factor)}, ${plus})`;

/** Σ factor·name over [factor, name] as one expression; null for an empty sum. */
function combination(all) {
  const terms = all.filter(([factor]) => !factor.isZero());
  if (terms.length === 0) return null;
  const common = terms[0][0].magnitude();
  if (
    !common.equals(ONE) &&
    terms.length > 1 &&
    terms.every(([f]) => f.magnitude().equals(common))
  ) {
    return times(combination(terms.map(([factor, name]) => [factor.over(common), name])), common);
  }
  const first = Math.max(
    0,
    terms.findIndex(([factor]) => factor.equals(ONE)),
  );
  const [factor, name] = terms[first];
  const start = factor.equals(ONE)
    ? name
    : factor.equals(MINUS_ONE)
      ? `f32x4.neg(${name})`
      : times(name, factor);
  return terms
    .filter((_, i) => i !== first)
    .reduce((sum, [f, n]) => {
      if (f.equals(ONE)) return add(sum, n);
      if (f.equals(MINUS_ONE)) return subtract(sum, n);
      return timesPlus(n, f, sum);
    }, start);
}

/**
 * Results of matrix · names, where rows `pairs` belong to opposite points: [statements, results].
 * A pair is E ± c·O, with O scaled so that it has a factor ±1.
 */
export function pairedRows(matrix, names, pairs) {
  const statements = [];
  const results = matrix.map((row) => combination(row.map((factor, i) => [factor, names[i]])));
  pairs.forEach(([plus, minus], k) => {
    const even = matrix[plus].map((value, i) => value.plus(matrix[minus][i]).times(half));
    const odd = matrix[plus].map((value, i) => value.minus(matrix[minus][i]).times(half));
    const magnitudes = odd.filter((value) => !value.isZero()).map((value) => value.magnitude());
    const factor = magnitudes.some((value) => value.equals(ONE)) ? ONE : (magnitudes[0] ?? ONE);
    const evenSum = combination(even.map((value, i) => [value, names[i]]));
    const oddSum = combination(odd.map((value, i) => [value.over(factor), names[i]]));
    if (evenSum === null || oddSum === null) return;
    statements.push(`const even${k} = ${evenSum};`, `const odd${k} = ${oddSum};`);
    const unit = factor.equals(ONE);
    results[plus] = unit ? add(`even${k}`, `odd${k}`) : timesPlus(`odd${k}`, factor, `even${k}`);
    results[minus] = unit
      ? subtract(`even${k}`, `odd${k}`)
      : timesPlus(`odd${k}`, factor.negated(), `even${k}`);
  });
  return { statements, results };
}

/** Results of matrix · names, where columns `pairs` belong to opposite points. */
export function pairedColumns(matrix, names, pairs) {
  const statements = pairs.flatMap(([plus, minus], k) => [
    `const sum${k} = ${add(names[plus], names[minus])};`,
    `const difference${k} = ${subtract(names[plus], names[minus])};`,
  ]);
  const paired = new Set(pairs.flat());
  const results = matrix.map((row) =>
    combination([
      ...row.flatMap((factor, i) => (paired.has(i) ? [] : [[factor, names[i]]])),
      ...pairs.flatMap(([plus, minus], k) => [
        [row[plus].plus(row[minus]).times(half), `sum${k}`],
        [row[plus].minus(row[minus]).times(half), `difference${k}`],
      ]),
    ]),
  );
  return { statements, results };
}

const list = (letter, length) => Array.from({ length }, (_, i) => `${letter}${i}`);

/** The six transforms of a form, each as { name, names, statements, results }. */
export function transformsOf(form) {
  const { Bt, G, At, pairs, inputs, points, taps, tile } = form;
  const make = (name, letter, length, emit, matrix) => {
    const names = list(letter, length);
    return { name, names, ...emit(matrix, names, pairs) };
  };
  return [
    make('inputPoints', 'x', inputs, pairedRows, Bt),
    make('inputGradients', 'v', points, pairedColumns, transposed(Bt)),
    make('weightPoints', 'w', taps, pairedRows, G),
    make('weightGradients', 'u', points, pairedColumns, transposed(G)),
    make('outputs', 'm', points, pairedColumns, At),
    make('outputGradients', 'g', tile, pairedRows, transposed(At)),
  ];
}
