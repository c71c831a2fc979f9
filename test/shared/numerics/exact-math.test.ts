import t from 'tap';
import { exp32, log32, sigmoid32, softplus32, tanh32 } from '#src/shared/numerics/exact-math.js';

// All float32 and every unit in the last place: test/worker/engine/wasm/math.test.ts.
t.test('exp and log have the values that their definition gives at the borders', (t) => {
  t.equal(exp32(0), 1);
  t.equal(exp32(1), Math.fround(Math.E));
  t.equal(exp32(-Infinity), 0);
  t.equal(exp32(Infinity), Infinity);
  t.equal(exp32(Math.fround(88.72283)), Math.fround(Math.exp(Math.fround(88.72283))));
  t.equal(exp32(Math.fround(88.7229)), Infinity);
  t.equal(exp32(-103), Math.fround(Math.exp(-103)), 'a denormal');
  t.equal(exp32(-104), 0);
  t.equal(log32(1), 0);
  t.equal(log32(0), -Infinity);
  t.equal(log32(-0), -Infinity);
  t.ok(Number.isNaN(log32(-1)));
  t.equal(log32(Math.fround(1e-45)), Math.fround(Math.log(Math.fround(1e-45))));
  t.equal(tanh32(20), 1);
  t.ok(Object.is(tanh32(-0), -0));
  t.equal(sigmoid32(0), 0.5);
  t.equal(sigmoid32(-100), Math.fround(Math.exp(-100)), 'a denormal');
  t.equal(softplus32(0), Math.fround(Math.LN2));
  t.equal(softplus32(-50), Math.fround(Math.exp(-50)), 'no cancellation');
  t.end();
});
