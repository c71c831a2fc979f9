/** Two threads against one, same batch, taking turns. */
import { alternate, medians, ratio } from '../lib/alternate.mjs';
import { fullRun } from '../lib/sides.mjs';

export const title = 'Two threads against one (wanted: at least 1.85 ×)';

export async function run({ quick, say }) {
  const result = { batch: 256, microBatch: 128, models: {} };
  for (const model of ['lenet5', 'hybrid', 'cnn2bn']) {
    const config = { model, batch: 256, microBatch: 128 };
    const sides = [];
    try {
      sides.push(await fullRun('two threads', { ...config, threads: 2 }));
      sides.push(await fullRun('one thread', { ...config, threads: 1 }));
      const raw = await alternate(sides, quick ? { steps: 5, rounds: 3, warmUp: 3 } : { steps: 10, rounds: 7, warmUp: 5 }); // prettier-ignore
      const speedUp = ratio(raw, 'two threads', 'one thread');
      result.models[model] = { samplesPerSecond: medians(raw), speedUp, raw };
      say(`${model}: ${speedUp.median.toFixed(2)} ×`);
    } finally {
      for (const side of sides) await side.stop();
    }
  }
  return result;
}

export function table({ models }) {
  const rows = Object.entries(models).map(([model, { samplesPerSecond: s, speedUp }]) => [
    model,
    Math.round(s['one thread']),
    Math.round(s['two threads']),
    `${speedUp.median.toFixed(2)} ×`,
  ]);
  return { head: ['samples/s', 'one thread', 'two threads', 'speed-up'], rows };
}
