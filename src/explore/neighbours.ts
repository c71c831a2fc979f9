import type { Matrix } from './features.js';

export interface Neighbours {
  /** Neighbours of each row, the nearest first: [rows, each]. */
  readonly indices: Int32Array;
  /** Their squared distances: [rows, each]. */
  readonly distances: Float64Array;
  readonly each: number;
}

export function emptyNeighbours(rows: number, most: number): Neighbours {
  const each = Math.min(most, rows - 1);
  return {
    indices: new Int32Array(rows * each),
    distances: new Float64Array(rows * each).fill(Infinity),
    each,
  };
}

/** Finds the neighbours of one row among all; equals in the order of their indices. */
export function findNeighbours(
  { values, rows, columns }: Matrix,
  i: number,
  out: Neighbours,
): void {
  const { indices, distances, each } = out;
  const first = i * each;
  const last = first + each - 1;
  for (let j = 0; j < rows; j++) {
    if (j === i) continue;
    let squared = 0;
    for (let c = 0; c < columns; c++) {
      const difference = values[i * columns + c]! - values[j * columns + c]!;
      squared += difference * difference;
    }
    if (squared >= distances[last]!) continue;
    let place = last;
    for (; place > first && distances[place - 1]! > squared; place--) {
      distances[place] = distances[place - 1]!;
      indices[place] = indices[place - 1]!;
    }
    distances[place] = squared;
    indices[place] = j;
  }
}
