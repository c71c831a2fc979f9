import { philox4x32 } from '../shared/numerics/philox.js';
import type { Matrix } from './features.js';

const ITERATIONS = 30;

/**
 * The rows on their first principal components, the greatest variance first: orthogonal iteration
 * (Golub and Van Loan, Matrix Computations, section 8.2.4) on the covariance, from a seeded start.
 */
export function principalComponents(data: Matrix, most: number, seed: number): Matrix {
  const { rows, columns } = data;
  const count = Math.min(most, columns, rows);
  const centred = centre(data);
  const covariance = gram(centred, rows, columns);
  let basis = start(count, columns, seed);
  for (let i = 0; i < ITERATIONS; i++) {
    basis = basis.map((vector) => multiply(covariance, vector));
    orthonormalize(basis);
  }
  const values = new Float64Array(rows * count);
  for (let r = 0; r < rows; r++) {
    const row = centred.subarray(r * columns, (r + 1) * columns);
    basis.forEach((vector, k) => (values[r * count + k] = dot(row, vector)));
  }
  return { values, rows, columns: count };
}

function centre({ values, rows, columns }: Matrix): Float64Array {
  const means = new Float64Array(columns);
  for (let i = 0; i < values.length; i++) means[i % columns]! += values[i]! / rows;
  return values.map((value, i) => value - means[i % columns]!);
}

function gram(values: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(columns * columns);
  for (let r = 0; r < rows; r++) {
    const row = values.subarray(r * columns, (r + 1) * columns);
    for (let a = 0; a < columns; a++) {
      const value = row[a]!;
      for (let b = a; b < columns; b++) out[a * columns + b]! += value * row[b]!;
    }
  }
  for (let a = 0; a < columns; a++) {
    for (let b = 0; b < a; b++) out[a * columns + b] = out[b * columns + a]!;
  }
  return out;
}

function start(count: number, columns: number, seed: number): Float64Array[] {
  const words = new Uint32Array(4);
  const vectors = Array.from({ length: count }, (_, k) =>
    Float64Array.from({ length: columns }, (_, c) => {
      philox4x32(c, k, 0, 0, seed, 1, words);
      return words[0]! / 4294967296 - 0.5;
    }),
  );
  orthonormalize(vectors);
  return vectors;
}

function multiply(matrix: Float64Array, vector: Float64Array): Float64Array {
  const n = vector.length;
  return vector.map((_, i) => dot(matrix.subarray(i * n, (i + 1) * n), vector));
}

/** Gram and Schmidt's way, each vector twice; one that vanishes stays zero. */
function orthonormalize(vectors: readonly Float64Array[]): void {
  vectors.forEach((vector, i) => {
    for (let time = 0; time < 2; time++) {
      for (const before of vectors.slice(0, i)) {
        const part = dot(vector, before);
        vector.forEach((_, k) => (vector[k]! -= part * before[k]!));
      }
    }
    const norm = Math.sqrt(dot(vector, vector));
    vector.forEach((_, k) => (vector[k] = norm < 1e-12 ? 0 : vector[k]! / norm));
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
