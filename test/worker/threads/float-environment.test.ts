import t from 'tap';
import {
  faultOf,
  FLOAT_ENVIRONMENT,
  floatEnvironmentFault,
} from '#src/worker/threads/float-environment.js';
import { KernelHarness } from '../../support/kernel-harness.js';

const SOUND =
  FLOAT_ENVIRONMENT.denormalResults |
  FLOAT_ENVIRONMENT.denormalOperands |
  FLOAT_ENVIRONMENT.roundsToNearest |
  FLOAT_ENVIRONMENT.keepsNegativeZero;

t.test('this thread computes by IEEE 754, in both builds', async (t) => {
  const plain = await KernelHarness.create('plain', 1);
  t.equal(plain.kernel('floatEnvironment')(1), SOUND);
  t.equal(floatEnvironmentFault(plain.kernels, false), null);
  const relaxed = await KernelHarness.create('relaxed', 1);
  const bits = relaxed.kernel('floatEnvironment')(1);
  t.equal(bits & ~FLOAT_ENVIRONMENT.fusesMultiplyAdd, SOUND);
  t.equal(floatEnvironmentFault(relaxed.kernels, true), null);
});

t.test('each fault is named in words', (t) => {
  t.match(faultOf(SOUND & ~FLOAT_ENVIRONMENT.denormalResults, false), /flush-to-zero/);
  t.match(faultOf(SOUND & ~FLOAT_ENVIRONMENT.denormalOperands, true), /flush-to-zero/);
  t.match(faultOf(SOUND & ~FLOAT_ENVIRONMENT.roundsToNearest, false), /rounding mode/);
  t.match(faultOf(SOUND & ~FLOAT_ENVIRONMENT.keepsNegativeZero, false), /sign of -0/);
  t.match(faultOf(SOUND | FLOAT_ENVIRONMENT.fusesMultiplyAdd, false), /round once/);
  t.equal(faultOf(SOUND | FLOAT_ENVIRONMENT.fusesMultiplyAdd, true), null);
  t.end();
});
