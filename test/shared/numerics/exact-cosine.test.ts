import t from 'tap';
import { cosinePi } from '#src/shared/numerics/exact-cosine.js';

t.test('cosinePi is within 1e-15 of the cosine', (t) => {
  t.equal(cosinePi(0), 1);
  t.equal(cosinePi(1), -1);
  t.equal(cosinePi(0.25) + cosinePi(0.75), 0);
  for (const [x, expected] of [
    [1 / 3, 0.5],
    [0.25, Math.SQRT1_2],
    [0.5, 0],
    [0.1, 0.9510565162951536], // √(10 + 2√5)/4
    [0.2, 0.8090169943749475], // (1 + √5)/4
  ] as const) {
    t.ok(Math.abs(cosinePi(x) - expected) < 1e-15, `${x}: ${cosinePi(x)}`);
  }
  let before = 2;
  for (let i = 0; i <= 1000; i++) {
    const value = cosinePi(i / 1000);
    if (value >= before) t.fail(`does not fall at ${i}`);
    if (Math.abs(value - Math.cos((Math.PI * i) / 1000)) > 1e-15) t.fail(`off at ${i}`);
    before = value;
  }
  t.end();
});
