import t from 'tap';
import {
  AS_IT_IS,
  BLOCK_ELEMENTS,
  blockedSquareSum,
  squareSum,
} from '#src/shared/numerics/square-sum.js';

t.test('squares are added in four accumulators, whatever that rounds', (t) => {
  t.equal(squareSum(Float32Array.of(1, 2, 3, 4, 5), AS_IT_IS), 55);
  t.equal(squareSum(Float32Array.of(2, 4), { samples: 2, limit: Infinity }), 5);
  t.equal(squareSum(Float32Array.of(2, -4), { samples: 2, limit: 1.5 }), 3.25);
  // Beside 2^54, whose neighbours are 4 apart: 1 is lost, then 1 + 1; 2.25 + 2.25 is not.
  t.equal(squareSum(Float32Array.of(2 ** 27, 1, 1, 1), AS_IT_IS), 2 ** 54);
  t.equal(squareSum(Float32Array.of(2 ** 27, 1.5, 0, 1.5), AS_IT_IS), 2 ** 54 + 4);
  t.end();
});

t.test('a parameter is added block by block', (t) => {
  const values = new Float32Array(2 * BLOCK_ELEMENTS + 3).fill(0.5);
  t.equal(blockedSquareSum(values, AS_IT_IS), values.length / 4);
  // In one run the ones are lost beside 2^54; in a block of their own they are not.
  const uneven = new Float32Array(BLOCK_ELEMENTS * 2);
  uneven[0] = 2 ** 27;
  for (let i = 0; i < 4; i++) uneven[BLOCK_ELEMENTS + i * 4] = 1;
  t.equal(blockedSquareSum(uneven, AS_IT_IS), 2 ** 54 + 4);
  t.equal(squareSum(uneven, AS_IT_IS), 2 ** 54);
  t.end();
});
