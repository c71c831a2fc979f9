import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { realImages, writeImages } from '../support/small-runs.js';
import { TestCluster } from './cluster.js';

// A worker that counts one sample twice, or not at all: no weights come of it.
t.setTimeout(300_000);

const WRONG_STEP = 12;

const folder = t.testdir();
const env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };
const data = await writeImages(join(folder, 'data'), await realImages(400, 60));
// A network with much to compute and few weights: no step is worth leaving to one worker alone.
const training = ['--model', 'hybrid', '--data', data, '--batch-size', '80', '--micro-batch', '10'];
const load = new URL('./wrong-samples-hook.js', import.meta.url).href;

for (const how of ['double', 'drop', null]) {
  void t.test(how === null ? 'and all is well without it' : `one worker: ${how}`, async (t) => {
    const out = join(folder, String(how));
    const cluster = new TestCluster({ training: [...training, '--steps', '25'], out, env });
    t.teardown(() => cluster.stop());
    await cluster.coordinate('--expect-workers', '2');
    cluster.work('right', '--threads', '1');
    const changes =
      how === null
        ? {}
        : { env: { ...env, WRONG_SAMPLES: how, WRONG_STEP: String(WRONG_STEP) }, load };
    cluster.workWith(changes, 'wrong', '--threads', '1');
    const { status, stderr } = await cluster.ended();
    if (how === null) {
      t.equal(status, 0, stderr);
      return;
    }
    t.equal(status, 1);
    t.match(stderr, 'PROTOCOL_PROOF');
    t.match(stderr, `Step ${WRONG_STEP + 1} sums up`, 'the step is named');
    t.equal(cluster.steps, WRONG_STEP, 'no step came after it');
    t.notOk(existsSync(join(out, 'summary.json')));
  });
}
