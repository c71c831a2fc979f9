import t from 'tap';
import { workerGpus } from '#src/shared/config/gpus.js';

t.test('a worker computes on GPUs where the run does and its engine can', (t) => {
  for (const engine of [null, undefined, 'tensorflow']) t.equal(workerGpus(null, engine, true), 'all'); // prettier-ignore
  for (const engine of ['wasm', 'reference']) t.equal(workerGpus(null, engine, true), 'none');
  t.equal(workerGpus(null, 'auto', true), null);
  for (const engine of [null, 'auto', 'tensorflow', 'wasm']) t.equal(workerGpus(null, engine, false), 'none'); // prettier-ignore
  t.same(workerGpus([1], 'wasm', true), [1], 'what is given counts');
  t.end();
});
