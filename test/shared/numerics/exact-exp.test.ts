import t from 'tap';
import { exp64, log64 } from '#src/shared/numerics/exact-exp.js';

t.test('e^x is that of the engine to within three units in the last place', (t) => {
  let worst = 0;
  for (let x = -740; x < 709; x += 0.0371) {
    const wanted = Math.exp(x);
    // Denormals have fewer digits.
    if (wanted > 1e-300) worst = Math.max(worst, Math.abs(exp64(x) / wanted - 1));
  }
  t.ok(worst < 7e-16, String(worst));
  t.same([0, -Infinity, Infinity, -1000, 1000].map(exp64), [1, 0, Infinity, 0, Infinity]);
  t.ok(Number.isNaN(exp64(NaN)));
  t.ok(exp64(-745) > 0, 'the least denormals are there');
  t.end();
});

t.test('ln x is that of the engine to within 1e-15 of itself, or of 1', (t) => {
  let worst = 0;
  for (let x = 1e-37; x < 1e38; x *= 1.037) {
    const wanted = Math.log(x);
    worst = Math.max(worst, Math.abs(log64(x) - wanted) / Math.max(1, Math.abs(wanted)));
  }
  t.ok(worst < 1e-15, String(worst));
  t.same([1, 0, Infinity].map(log64), [0, -Infinity, Infinity]);
  t.ok(Number.isNaN(log64(-1)));
  t.end();
});
