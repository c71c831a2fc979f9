/**
 * The matrices of Winograd's minimal filtering F(m, r), m outputs of a filter of r taps, for lines
 * (Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks", 2016), as exact fractions:
 *
 *   y = Aᵀ·[(G·w) ⊙ (Bᵀ·x)]     x: m + r − 1 inputs, w: r taps, y: m outputs, yⱼ = Σ xⱼ₊ₖ·wₖ
 *
 * by Toom and Cook: with polynomials w and y of these coefficients, G evaluates w and A evaluates y
 * at n = m + r − 1 points; Bᵀ is the transposed interpolation, by Lagrange's formula,
 *
 *   ∏_{q ≠ p} (x − q) / (p − q)   for a point p,      ∏_q (x − q)   for ∞.
 *
 * The sizes m of one r take the first n points of one list and scale G alike, so that tiles of
 * several sizes are multiplied with one set of transformed weights. What G is scaled by, 1 / s(p),
 * Bᵀ is multiplied with; s is chosen so that Bᵀ of the size named `plain` has no fractions but
 * dyadic ones.
 */
import { Fraction, ONE, ZERO } from './fraction.mjs';

const INFINITY = null;
const half = new Fraction(1, 2);
const integer = (value) => new Fraction(value);

/**
 * Points in the order in which sizes take them; two of opposite sign stand side by side. Chosen for
 * accuracy among dyadic fractions of few digits, whose products are exact: with ±5/8 and ±7/4 the
 * errors of F(4, 3) are a quarter of those with ±1 and ±2.
 */
const FAMILIES = [
  {
    taps: 3,
    points: [
      INFINITY,
      ZERO,
      ...pairOf(new Fraction(5, 8)),
      ...pairOf(new Fraction(7, 4)),
      ...pairOf(ONE),
    ],
    tiles: [2, 3, 4, 6],
    plain: 4,
  },
  {
    taps: 5,
    points: [INFINITY, ...pairOf(ONE), ...pairOf(integer(2)), ...pairOf(half), ZERO],
    tiles: [2, 3, 4],
    plain: 3,
  },
];

function pairOf(point) {
  return [point, point.negated()];
}

/** Which points stand next to their opposite: [index of p, index of −p]. */
function pairsOf(points) {
  const opposite = (i) =>
    points[i] !== INFINITY && !points[i].isZero() && points[i + 1]?.equals(points[i].negated());
  return points.flatMap((_, i) => (opposite(i) ? [[i, i + 1]] : []));
}

function power(base, exponent) {
  let result = ONE;
  for (let i = 0; i < exponent; i++) result = result.times(base);
  return result;
}

/** Coefficients of ∏ (x − q), lowest first. */
function productOf(roots) {
  let result = [ONE];
  for (const root of roots) {
    const shifted = [ZERO, ...result];
    result = shifted.map((value, i) => value.minus((result[i] ?? ZERO).times(root)));
  }
  return result;
}

const finite = (points) => points.filter((point) => point !== INFINITY);
const others = (points, point) => finite(points).filter((each) => !each.equals(point));
const distance = (points, point) =>
  others(points, point).reduce((product, q) => product.times(point.minus(q)), ONE);

function form({ taps, points: all, plain }, tile) {
  const n = tile + taps - 1;
  const points = all.slice(0, n);
  const row = (point, length) =>
    point === INFINITY
      ? Array.from({ length }, (_, i) => (i === length - 1 ? ONE : ZERO))
      : Array.from({ length }, (_, i) => power(point, i));
  const widest = all.slice(0, plain + taps - 1);
  const scale = (point) =>
    distance(widest.some((each) => each?.equals(point)) ? widest : all, point);
  const pad = (coefficients) => Array.from({ length: n }, (_, i) => coefficients[i] ?? ZERO);
  return {
    name: `F${tile}${taps}`,
    code: taps * 16 + tile,
    tile,
    taps,
    inputs: n,
    points: n,
    pairs: pairsOf(points),
    Bt: points.map((point) => {
      if (point === INFINITY) return productOf(finite(points));
      const factor = scale(point).over(distance(points, point));
      return pad(productOf(others(points, point)).map((value) => value.times(factor)));
    }),
    G: points.map((point) =>
      point === INFINITY
        ? row(point, taps)
        : row(point, taps).map((value) => value.over(scale(point))),
    ),
    At: transposed(points.map((point) => row(point, tile))),
  };
}

/**
 * A line of two between zeros, three taps, in Karatsuba's three products:
 * y₀ = x₀w₁ + x₁w₂, y₁ = x₀w₀ + x₁w₁.
 */
const PAIR = {
  name: 'PAIR',
  code: 3 * 16,
  tile: 2,
  taps: 3,
  inputs: 2,
  points: 3,
  pairs: [],
  Bt: rows([1, 1], [0, 1], [1, 0]),
  G: rows([0, 1, 0], [0, -1, 1], [1, -1, 0]),
  At: rows([1, 1, 0], [1, 0, 1]),
};

function rows(...values) {
  return values.map((row) => row.map(integer));
}

export function transposed(matrix) {
  return matrix[0].map((_, column) => matrix.map((row) => row[column]));
}

/** All forms that the kernels know. */
export const FORMS = [
  PAIR,
  ...FAMILIES.flatMap((family) => family.tiles.map((tile) => form(family, tile))),
];
