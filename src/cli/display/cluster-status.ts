import Table from 'cli-table3';
import type { ClusterStatus } from '../../shared/wire/status.js';

/** How a run on several workers stands, for people. */
export function clusterStatusText(status: ClusterStatus): string {
  const { model, engine, folder, host, pid, phase, stable, steps, storedAfter, view, term } =
    status;
  const table = new Table({
    head: [
      'worker',
      'host',
      'process',
      'threads',
      'role',
      'step',
      'micro-batches',
      'ms each',
      'heard',
    ],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', 'right', 'right', 'left', 'right', 'right', 'right', 'right'],
  });
  for (const worker of status.workers) {
    const { name, role, activity, applied, millisPerMicroBatch, microBatches, heardMillisAgo } =
      worker;
    table.push([
      name,
      worker.host,
      worker.pid,
      worker.threads,
      activity === null ? role : `${role}, ${activity}`,
      applied ?? '–',
      microBatches ?? '–',
      millisPerMicroBatch > 0 ? millisPerMicroBatch.toFixed(1) : '–',
      heardMillisAgo === null ? '–' : `${(heardMillisAgo / 1000).toFixed(1)} s ago`,
    ]);
  }
  const lines = [
    `${model} · ${engine} · ${folder} on ${host}, process ${pid}`,
    `${phase}: step ${stable} of ${steps}, checkpoint after ${storedAfter}, view ${view}, term ${term}`,
    status.workers.length === 0 ? 'no workers' : table.toString(),
  ];
  return `${lines.join('\n')}\n`;
}
