import t from 'tap';
import { inverseNormal } from '#src/shared/numerics/inverse-normal.js';

/** z of Φ(z) = p, to all digits of float64 (Wichura's PPND16 as Python's statistics has it). */
const KNOWN: readonly (readonly [number, number])[] = [
  [1 / 2 ** 33, -6.337957754553789],
  [1e-9, -5.9978070150076865],
  [1e-5, -4.2648907939228256],
  [0.0228, -1.9990772149717695],
  [0.07, -1.4757910281791702],
  [0.3, -0.5244005127080407],
  [0.5, 0],
  [0.9, 1.2815515655446004],
  [0.95, 1.6448536269514722],
  [0.999, 3.090232306167813],
  [1 - 1 / 2 ** 33, 6.337957754553789],
];

t.test('known quantiles of the normal distribution', async (t) => {
  for (const [p, z] of KNOWN) {
    t.ok(Math.abs(inverseNormal(p) - z) <= 4e-15 * Math.max(1, Math.abs(z)), `p = ${p}`);
  }
});

t.test('quantiles rise with p, through both branches', async (t) => {
  let last = -Infinity;
  for (let i = 1; i < 4096; i++) {
    const z = inverseNormal(i / 4096);
    t.ok(z > last, `p = ${i}/4096`);
    last = z;
  }
});
