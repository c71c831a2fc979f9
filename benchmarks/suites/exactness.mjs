/**
 * What it costs that the bits are the same everywhere: arithmetic that may not fuse, by difference;
 * digests and proofs, timed alone on one core and set against a whole step on two.
 */
import { prepareRun } from '../../dist/local/prepare-run.js';
import { addSample } from '../../dist/shared/data/sample-proof.js';
import { instantiateKernels, loadKernels } from '../../dist/worker/engine/wasm/module.js';
import { alternate, medians, ratio } from '../lib/alternate.mjs';
import { fullRun } from '../lib/sides.mjs';
import { median } from '../lib/statistics.mjs';

export const title = 'What exactness costs: parts of a step on two threads';

const BATCH = 256;
const MICRO_BATCH = 128;

export async function run({ quick, say }) {
  const result = { batch: BATCH, microBatch: MICRO_BATCH, threads: 2, models: {} };
  const plan = quick ? { steps: 6, rounds: 3, warmUp: 3 } : { steps: 10, rounds: 7, warmUp: 5 };
  const proofMillis = timed(() => {
    const sum = new Uint32Array(2);
    for (let sample = 0; sample < BATCH; sample++) addSample(sum, 0, 1, sample, 3);
  });
  for (const model of ['lenet5', 'hybrid', 'cnn2bn']) {
    const config = { model, batch: BATCH, microBatch: MICRO_BATCH, threads: 2 };
    const { layout } = await prepareRun({ model, batchSize: BATCH }, {});
    const digestMillis = await digestOfRow(layout.rowLength);
    const sides = [];
    try {
      sides.push(await fullRun('plain', config));
      sides.push(await fullRun('fast-math', { ...config, fastMath: true }));
      const raw = await alternate(sides, plan);
      const samplesPerSecond = medians(raw);
      const stepMillis = (1000 * BATCH) / samplesPerSecond['plain'];
      result.models[model] = {
        rowLength: layout.rowLength,
        samplesPerSecond,
        stepMillis,
        digestMillis,
        proofMillis,
        shares: {
          unfused: 1 - 1 / ratio(raw, 'fast-math', 'plain').median,
          // The threads share the row between them.
          digests: digestMillis / config.threads / stepMillis,
          proof: proofMillis / config.threads / stepMillis,
        },
        raw,
      };
      say(`${model}: ${JSON.stringify(result.models[model].shares)}`);
    } finally {
      for (const side of sides) await side.stop();
    }
  }
  return result;
}

/** Milliseconds to digest a row and to look for what is not finite in it. */
async function digestOfRow(elements) {
  const { module } = await loadKernels('plain');
  const bytes = 64 + elements * 4;
  const pages = Math.ceil(bytes / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const kernels = instantiateKernels(module, memory);
  new Float32Array(memory.buffer, 64, elements).fill(0.5);
  return timed(() => {
    kernels.digestSlice(64, elements, 0);
    kernels.firstNonFinite(64, elements);
  });
}

function timed(work) {
  const times = [];
  for (let i = 0; i < 60; i++) {
    const began = performance.now();
    work();
    if (i >= 20) times.push(performance.now() - began);
  }
  return median(times);
}

export function table({ models }) {
  const percent = (share) => `${(100 * share).toFixed(share < 0.01 ? 2 : 1)} %`;
  const rows = Object.entries(models).map(([model, { shares, digestMillis, stepMillis }]) => [
    model,
    `${stepMillis.toFixed(0)} ms`,
    percent(shares.unfused),
    `${percent(shares.digests)} (${digestMillis.toFixed(2)} ms on one core)`,
    percent(shares.proof),
  ]);
  const head = [
    ...['', 'a step', 'multiply and add apart', 'digest and finite check of the row'],
    'proof that each sample counted once',
  ];
  const after =
    'The first is what `--fast-math` saves: its bits are the same on processors that fuse alike. The ' +
    'order of additions costs nothing: the reduction tree has as many as any other order.';
  return { head, rows, after };
}
