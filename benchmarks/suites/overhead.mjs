/** What is not the engine: a full run against bare engine calls on as many threads. */
import { alternate, medians, ratio } from '../lib/alternate.mjs';
import { engineLoop, fullRun } from '../lib/sides.mjs';

export const title = 'What is not the engine, by difference (wanted: at most 4 % of a step)';

export async function run({ quick, say }) {
  const result = { batch: 256, microBatch: 128, threads: 2, models: {} };
  for (const model of ['lenet5', 'hybrid', 'cnn2bn']) {
    const config = { model, batch: 256, microBatch: 128, threads: 2 };
    const sides = [];
    try {
      sides.push(await fullRun('full run', config));
      sides.push(await engineLoop('engine only', config));
      const raw = await alternate(sides, quick ? { steps: 6, rounds: 3, warmUp: 3 } : { steps: 10, rounds: 7, warmUp: 5 }); // prettier-ignore
      // Of a step's time, the part that the engine alone does not take.
      const share = 1 - ratio(raw, 'full run', 'engine only').median;
      result.models[model] = { samplesPerSecond: medians(raw), overheadShare: share, raw };
      say(`${model}: ${(share * 100).toFixed(1)} %`);
    } finally {
      for (const side of sides) await side.stop();
    }
  }
  return result;
}

export function table({ models }) {
  const rows = Object.entries(models).map(([model, { samplesPerSecond: s, overheadShare }]) => [
    model,
    Math.round(s['engine only']),
    Math.round(s['full run']),
    `${(overheadShare * 100).toFixed(1)} %`,
  ]);
  return { head: ['samples/s', 'engine only', 'full run', 'not the engine'], rows };
}
