import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { RunSummary } from '#src/index.js';
import { TestCluster } from '../cluster/cluster.js';
import { realImages, writeImages } from '../support/small-runs.js';
import { useTensorflow } from './install.js';

// Engines differ by rounding, so workers with different ones would not agree on any weight.
t.setTimeout(300_000);
const images = await realImages(60, 20);
await useTensorflow();

/** With a layer that `wasm` lacks: alone, `auto` would take reference where tensorflow is not there. */
const MODEL = `export default ({ image, classes, tf }) => tf.sequential({ layers: [
  tf.layers.averagePooling2d({ poolSize: 7, inputShape: [image.height, image.width, image.channels] }),
  tf.layers.cropping2D({ cropping: [[1, 1], [1, 1]] }),
  tf.layers.flatten(),
  tf.layers.dense({ units: classes, activation: 'softmax' }),
] });
`;

void t.test(
  'a worker that lacks the engine of the run takes no other, and the run goes on',
  async (t) => {
    const folder = t.testdir({ 'model.mjs': MODEL, empty: {} });
    const data = await writeImages(join(folder, 'data'), images);
    const sizes = ['--steps', '3', '--batch-size', '20', '--micro-batch', '10'];
    const out = join(folder, 'run');
    const cluster = new TestCluster({
      training: ['--model', join(folder, 'model.mjs'), '--data', data, ...sizes],
      ...{ out, env: process.env },
    });
    t.teardown(() => cluster.stop());
    await cluster.coordinate();
    const env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'empty') };
    const other = await cluster.workWith({ env }, 'other', '--threads', '1').ended;
    t.not(other.status, 0);
    t.match(other.stderr, 'ENGINE_UNAVAILABLE: Engine tensorflow cannot run here');
    t.match(other.stderr, 'To install it: lockstep engine install tensorflow');
    const same = await cluster.work('same', '--threads', '1').ended;
    t.equal(same.status, 0, same.stderr);
    t.match(JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) as RunSummary, {
      ...{ engine: 'tensorflow', steps: 3 },
    });
  },
);
