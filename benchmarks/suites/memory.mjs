/** Resident memory over 2,000 steps of a full run. */
import { fullRun } from '../lib/sides.mjs';
import { median } from '../lib/statistics.mjs';

export const title = 'Resident memory over 2,000 steps (wanted: flat)';

const EVERY = 50;

export async function run({ quick, say }) {
  const steps = quick ? 500 : 2000;
  const config = { model: 'lenet5', batch: 128, microBatch: 32, threads: 2 };
  const side = await fullRun('lockstep', config);
  const mebibytes = [];
  try {
    for (let done = 0; done < steps; done += EVERY) {
      const { rss } = await side.run(EVERY);
      mebibytes.push(rss / 2 ** 20);
    }
  } finally {
    await side.stop();
  }
  // The first fifth is left out: code is being compiled and buffers find their size.
  const settled = mebibytes.slice(Math.ceil(mebibytes.length / 5));
  const half = Math.floor(settled.length / 2);
  const growth = median(settled.slice(-half)) - median(settled.slice(0, half));
  const peak = Math.max(...mebibytes);
  say(`peak ${peak.toFixed(0)} MiB, later half ${growth >= 0 ? '+' : ''}${growth.toFixed(1)} MiB`);
  return { config, steps, everySteps: EVERY, mebibytes, peakMiB: peak, growthMiB: growth };
}

export function table({ steps, peakMiB, growthMiB }) {
  const growth = `${growthMiB >= 0 ? '+' : ''}${growthMiB.toFixed(1)} MiB`;
  return {
    head: ['steps', 'peak', 'later half against earlier half'],
    rows: [[steps, `${peakMiB.toFixed(0)} MiB`, growth]],
  };
}
