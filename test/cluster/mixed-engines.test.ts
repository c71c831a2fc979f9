import { join } from 'node:path';
import t from 'tap';
import { realImages, writeImages } from '../support/small-runs.js';
import { TestCluster } from './cluster.js';

// Two workers of one run, one with wasm and one with the reference: they differ by rounding.
t.setTimeout(300_000);
const images = await realImages(80, 20);

async function begin(folder: string, ...flags: readonly string[]): Promise<TestCluster> {
  const data = await writeImages(join(folder, 'data'), images);
  const sizes = ['--steps', '6', '--batch-size', '40', '--micro-batch', '10'];
  const model = ['--model', 'mlp', '--engine', 'wasm', '--evaluate-every', '0'];
  const cluster = new TestCluster({
    training: [...model, '--data', data, ...sizes, ...flags],
    ...{ out: join(folder, 'run'), env: process.env },
  });
  await cluster.coordinate('--min-workers', flags.length > 0 ? '2' : '1');
  return cluster;
}

void t.test(
  'a worker with another engine is refused by default, and the run goes on',
  async (t) => {
    const cluster = await begin(t.testdir());
    t.teardown(() => cluster.stop());
    const other = await cluster.work('other', '--threads', '1', '--engine', 'reference').ended;
    t.not(other.status, 0);
    t.match(other.stderr, 'PROTOCOL_ENGINES');
    t.match(other.stderr, 'Worker other would compute with engine reference, the run with wasm');
    t.match(other.stderr, '--mixed-engines');
    const same = await cluster.work('same', '--threads', '1').ended;
    t.equal(same.status, 0, same.stderr);
    t.equal((await cluster.ended()).status, 0);
    t.match(cluster.summary, { engine: 'wasm', mixedEngines: null, steps: 6 });
  },
);

void t.test(
  'where the run allows for it, both compute, and the promise is off aloud',
  async (t) => {
    const cluster = await begin(t.testdir(), '--mixed-engines');
    t.teardown(() => cluster.stop());
    const workers = [
      cluster.work('fast', '--threads', '1'),
      cluster.work('slow', '--threads', '1', '--engine', 'reference'),
    ];
    const end = await cluster.ended();
    t.equal(end.status, 0, end.stderr);
    for (const { ended } of workers) {
      const { status, stderr } = await ended;
      t.equal(status, 0, stderr);
    }
    t.match(cluster.summary, { engine: 'wasm', mixedEngines: ['reference', 'wasm'], steps: 6 });
    const text = end.stdout + end.stderr;
    t.match(text, 'Mixed engines are allowed');
    t.match(text, /Mixed engines: worker slow computes with reference/);
    t.match(text, 'MIXED ENGINES (reference and wasm): these weights are not the same bits');
  },
);
