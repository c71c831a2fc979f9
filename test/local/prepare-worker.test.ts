import { join } from 'node:path';
import t from 'tap';
import { piecesOf, type Blob } from '#src/coordinator/cluster/blobs.js';
import { welcomeOf } from '#src/local/cluster-run.js';
import { prepareRun } from '#src/local/prepare-run.js';
import { prepareWorker, type PreparedFor } from '#src/local/prepare-worker.js';
import { bytesOfDataSet } from '#src/local/data-memory.js';
import { hardwarePart } from '#src/shared/protocol/engine-identity.js';
import type { WantData, Welcome } from '#src/shared/wire/session.js';
import { BlobFetch } from '#src/worker/cluster/blob-fetch.js';
import { realImages, writeImages } from '../support/small-runs.js';

// What a worker takes from the run, and what it is given itself.
const folder = t.testdir();
const data = await writeImages(join(folder, 'data'), await realImages(40, 11));
process.env['LOCKSTEP_CACHE'] = join(folder, 'cache');
const base = { model: 'mlp', data, batchSize: 20, engine: 'wasm', keepFeatures: 7 } as const;
const run = await prepareRun(base, {});
const dataBytes = bytesOfDataSet(run.data.whole).length;
const blobs = new Map<string, Blob>([
  [run.data.digest, bytesOfDataSet(run.data.whole)],
  [run.identity['initial weights']!, new Uint8Array(run.initialWeights.buffer)],
]);

function prepared(own: Partial<PreparedFor>, more: Partial<Welcome> = {}) {
  const fetch: BlobFetch = new BlobFetch((message) => {
    for (const piece of piecesOf(blobs, message as WantData)) fetch.deliver(piece);
    return Promise.resolve();
  });
  const common = { worker: 'w', threads: 1, engine: null, gpus: null, notice: () => undefined };
  const welcome: Welcome = { ...welcomeOf(run, 1, dataBytes), traced: false, ...more };
  return prepareWorker(welcome, fetch, { ...common, ...own });
}

t.test('keepFeatures is that of the run, or of the worker', async (t) => {
  t.equal((await prepared({})).config.keepFeatures, 7);
  t.equal((await prepared({ keepFeatures: 0 })).config.keepFeatures, 0);
});

t.test('a worker with an engine for processors works for a run on GPUs', async (t) => {
  const identity = { ...run.identity, [hardwarePart('tensorflow')]: 'NVIDIA A100' };
  const { config } = await prepared({ engine: 'wasm' }, { identity });
  t.equal(config.engine, 'wasm');
  t.equal(config.gpus, 'none');
});
