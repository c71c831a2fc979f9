import t from 'tap';
import { affinitiesOf, conditional } from '#src/explore/affinities.js';
import { drawn } from '#src/explore/draw.js';
import { greyRows, type Matrix } from '#src/explore/features.js';
import { emptyNeighbours, findNeighbours } from '#src/explore/neighbours.js';
import { principalComponents } from '#src/explore/principal.js';
import { meanImage, valueStatistics } from '#src/explore/statistics.js';
import { tsneGradient } from '#src/explore/tsne.js';

function cloud(rows: number, columns: number): Matrix {
  let state = 99;
  const values = Float64Array.from({ length: rows * columns }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  });
  return { values, rows, columns };
}

t.test('neighbours are those of sorting all distances', (t) => {
  const data = cloud(40, 3);
  const found = emptyNeighbours(40, 6);
  for (let i = 0; i < 40; i++) findNeighbours(data, i, found);
  const distance = (i: number, j: number): number =>
    [0, 1, 2].reduce((sum, c) => sum + (data.values[i * 3 + c]! - data.values[j * 3 + c]!) ** 2, 0);
  for (let i = 0; i < 40; i++) {
    const others = Array.from({ length: 40 }, (_, j) => j).filter((j) => j !== i);
    const nearest = others.sort((a, b) => distance(i, a) - distance(i, b)).slice(0, 6);
    t.same([...found.indices.subarray(i * 6, i * 6 + 6)], nearest);
  }
  t.end();
});

t.test('the width of each Gaussian gives the perplexity that was asked for', (t) => {
  const distances = Float64Array.from({ length: 30 }, (_, k) => 100 + k * k);
  const p = conditional(distances, 8);
  const entropy = -p.reduce((sum, value) => sum + (value > 0 ? value * Math.log(value) : 0), 0);
  t.ok(Math.abs(Math.exp(entropy) - 8) < 0.01, String(Math.exp(entropy)));
  t.end();
});

t.test('the gradient is that of the sums over all pairs; theta 0.5 is near it', (t) => {
  const rows = 60;
  const neighbours = emptyNeighbours(rows, 15);
  const data = cloud(rows, 4);
  for (let i = 0; i < rows; i++) findNeighbours(data, i, neighbours);
  const affinities = affinitiesOf(neighbours, 5);
  t.ok(Math.abs(affinities.values.reduce((sum, v) => sum + v, 0) - 1) < 1e-6, 'p sums to 1');
  const y = cloud(rows, 2).values.map((v) => 10 * v);
  y.copyWithin(2, 0, 2); // two points in one place
  const p = Array.from({ length: rows }, () => new Float64Array(rows));
  for (let i = 0; i < rows; i++) {
    for (let k = affinities.starts[i]!; k < affinities.starts[i + 1]!; k++) {
      p[i]![affinities.indices[k]!] = affinities.values[k]!;
    }
  }
  const q = (i: number, j: number): number =>
    1 / (1 + (y[2 * i]! - y[2 * j]!) ** 2 + (y[2 * i + 1]! - y[2 * j + 1]!) ** 2);
  let all = 0;
  for (let i = 0; i < rows; i++) for (let j = 0; j < rows; j++) if (i !== j) all += q(i, j);
  const exact = y.map((_, k) => {
    const i = k >> 1;
    let sum = 0;
    for (let j = 0; j < rows; j++) {
      if (j === i) continue;
      sum += (3 * p[i]![j]! - q(i, j) / all) * q(i, j) * (y[k]! - y[2 * j + (k & 1)]!);
    }
    return 4 * sum;
  });
  const far = (theta: number): number => {
    const gradient = tsneGradient(y, affinities, 3, theta);
    const norm = Math.sqrt(exact.reduce((sum, v) => sum + v * v, 0));
    return Math.sqrt(exact.reduce((sum, v, k) => sum + (v - gradient[k]!) ** 2, 0)) / norm;
  };
  t.ok(far(0) < 1e-10, String(far(0)));
  t.ok(far(0.5) < 0.05 && far(0.5) > 0, String(far(0.5)));
  t.end();
});

t.test('principal components find the plane that points lie in, the longer side first', (t) => {
  const flat = cloud(50, 2).values;
  // Along (0.6, 0.8, 0) ten times as far as along (0, 0, 1).
  const values = Float64Array.from({ length: 150 }, (_, k) => {
    const [a, b] = [flat[2 * Math.floor(k / 3)]! * 10, flat[2 * Math.floor(k / 3) + 1]!];
    return [0.6 * a, 0.8 * a, b][k % 3]!;
  });
  const { values: found } = principalComponents({ values, rows: 50, columns: 3 }, 3, 1);
  const variance = [0, 1, 2].map((c) =>
    Array.from({ length: 50 }, (_, r) => found[r * 3 + c]! ** 2).reduce((a, b) => a + b, 0),
  );
  t.ok(variance[0]! > 20 * variance[1]!, variance.join());
  t.ok(variance[2]! < 1e-20);
  t.ok(Math.abs(Math.abs(found[0]! - found[3]!) - 10 * Math.abs(flat[0]! - flat[2]!)) < 0.2);
  t.end();
});

t.test('draws are without repeats, by the seed', (t) => {
  const all = Array.from({ length: 100 }, (_, i) => i);
  t.equal(new Set(drawn(all, 60, 5)).size, 60);
  t.same(drawn(all, 60, 5), drawn(all, 60, 5));
  t.notSame(drawn(all, 60, 5), drawn(all, 60, 6));
  t.same(drawn([3, 4], 9, 1).sort(), [3, 4]);
  t.end();
});

t.test('pixel statistics and mean images are those of the values', (t) => {
  const set = {
    shape: { height: 1, width: 2, channels: 1 },
    count: 2,
    pixels: Uint8Array.of(0, 255, 51, 102),
    labels: Uint16Array.of(0, 0),
    classes: ['a'],
  };
  const { mean, deviation, black, white } = valueStatistics(set, [0, 1]);
  t.same([mean.toFixed(6), deviation.toFixed(6), black, white], ['0.400000', '0.374166', 0.25, 0.25]); // prettier-ignore
  t.same([...meanImage(set, [0, 1])], [26, 179]);
  t.same(
    [...greyRows(set, [1]).values].map((v) => v.toFixed(3)),
    ['0.200', '0.400'],
  );
  t.end();
});
