import Table from 'cli-table3';
import type { ClusterStatus } from '../../shared/wire/status.js';
import { printable } from './printable.js';

/** Columns that a terminal has at least. */
const WIDTH = 80;
/** What names get at least, however long the rest is. */
const LEAST_NAME = 9;
/** Borders and padding of a table of so many columns. */
const frameOf = (columns: number): number => 3 * columns + 1;

/** How a run on several workers stands, for people; lines of at most 80 characters. */
export function clusterStatusText(status: ClusterStatus): string {
  const { model, engine, folder, host, pid, phase, stable, steps, storedAfter, view, term } =
    status;
  const lines = [
    `${model} · ${engine} · ${host}, process ${pid}`,
    folder,
    `${phase}: step ${stable} of ${steps}, checkpoint after ${storedAfter}, view ${view}, term ${term}`,
    status.workers.length === 0 ? 'no workers' : tableOf(status.workers),
  ];
  return `${lines.join('\n')}\n`;
}

const HEAD = ['worker', 'host: pid', 'role', 'step', 'share', 'ms each', 'heard'];

function tableOf(workers: ClusterStatus['workers']): string {
  const rows = workers.map(cellsOf);
  const widths = HEAD.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]!.length)));
  // Names and hosts are cut, so that the rest fits.
  const rest = widths.slice(2).reduce((sum, width) => sum + width, 0);
  const room = Math.max(2 * LEAST_NAME, WIDTH - frameOf(HEAD.length) - rest);
  const [name, place] = [widths[0]!, widths[1]!];
  const nameRoom = Math.min(name, Math.max(Math.floor(room / 2), room - place));
  const placeRoom = Math.min(place, room - nameRoom);
  const table = new Table({
    head: HEAD,
    style: { head: [], border: [] },
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'right'],
  });
  for (const [worker, where, ...others] of rows) {
    table.push([cut(worker!, nameRoom), cut(where!, placeRoom), ...others]);
  }
  return table.toString();
}

function cellsOf(worker: ClusterStatus['workers'][number]): string[] {
  const { name, host, pid, role, activity, applied, millisPerMicroBatch, microBatches } = worker;
  const { heardMillisAgo } = worker;
  const cells = [
    name,
    `${host}: ${pid}`,
    role === 'member' ? (activity ?? role) : role,
    String(applied ?? '–'),
    String(microBatches ?? '–'),
    millisPerMicroBatch > 0 ? millisPerMicroBatch.toFixed(1) : '–',
    heardMillisAgo === null ? '–' : `${(heardMillisAgo / 1000).toFixed(1)} s ago`,
  ];
  return cells.map((cell) => printable(cell).replaceAll(/\s+/g, ' '));
}

/** The end tells names apart as often as the beginning: both stay. */
function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  const end = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - end)}…${text.slice(text.length - end)}`;
}
