/**
 * One worker process more: strong scaling keeps the batch, weak scaling the batch of each worker.
 * Workers have one thread, and there are as many as the machine has cores.
 */
import { availableParallelism } from 'node:os';
import { alternate, medians, ratio } from '../lib/alternate.mjs';
import { clusterRun, fullRun } from '../lib/sides.mjs';

export const title = 'Worker processes on one machine: strong and weak scaling of lenet5';

const HERE = { command: [], address: '127.0.0.1' };
const MICRO_BATCH = 64;
const BATCH_OF_ONE = 128;
const MOST_WORKERS = 8;

export async function run({ quick, say }) {
  const most = Math.min(MOST_WORKERS, availableParallelism());
  const counts = [1, 2, 4, 8].filter((count) => count <= most);
  const batch = BATCH_OF_ONE * counts.at(-1);
  const result = { microBatch: MICRO_BATCH, strongBatch: batch, workers: {} };
  const config = (size) => ({ model: 'lenet5', batch: size, microBatch: MICRO_BATCH });
  const plan = quick ? { steps: 4, rounds: 2, warmUp: 2 } : { steps: 10, rounds: 7, warmUp: 5 };
  const sides = [];
  try {
    sides.push(await clusterRun('strong 1', config(batch), [HERE]));
    sides.push(await clusterRun('weak 1', config(BATCH_OF_ONE), [HERE]));
    for (const count of counts.slice(1)) {
      const hosts = Array.from({ length: count }, () => HERE);
      sides.push(await clusterRun(`strong ${count}`, config(batch), hosts));
      if (count * BATCH_OF_ONE === batch) continue;
      sides.push(await clusterRun(`weak ${count}`, config(count * BATCH_OF_ONE), hosts));
    }
    sides.push(await fullRun('threads', { ...config(batch), threads: counts.at(-1) }));
    const raw = await alternate(sides, plan);
    const last = counts.at(-1);
    // The same batch, and the same share of each: one run is both.
    raw[`weak ${last}`] ??= raw[`strong ${last}`];
    const s = medians(raw);
    for (const count of counts) {
      result.workers[count] = {
        strong: s[`strong ${count}`],
        weak: s[`weak ${count}`],
        strongSpeedUp: ratio(raw, `strong ${count}`, 'strong 1').median,
        weakSpeedUp: ratio(raw, `weak ${count}`, 'weak 1').median,
      };
      say(`${count}: ${JSON.stringify(result.workers[count])}`);
    }
    result.threads = { count: last, samplesPerSecond: s['threads'] };
    result.raw = raw;
  } finally {
    for (const side of sides) await side.stop();
  }
  return result;
}

export function table({ workers, threads, strongBatch }) {
  const share = (speedUp, count) => `${Math.round((100 * speedUp) / count)} %`;
  const rows = Object.entries(workers).map(([count, each]) => [
    count,
    Math.round(each.strong),
    share(each.strongSpeedUp, Number(count)),
    Math.round(each.weak),
    share(each.weakSpeedUp, Number(count)),
  ]);
  const head = [
    ...['workers', `batch ${strongBatch}: samples/s`, 'efficiency'],
    ...[`batch ${BATCH_OF_ONE} each: samples/s`, 'efficiency'],
  ];
  const after = `${threads.count} threads of one process, batch ${strongBatch}: ${Math.round(threads.samplesPerSecond)} samples/s.`;
  return { head, rows, after };
}
