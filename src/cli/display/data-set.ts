/** Data sets and their sources as text. */
import Table from 'cli-table3';
import type { DataSetDescription, SourceDescription } from '../../coordinator/data/describe.js';

/** More classes than this are counted together. */
const SHOWN_CLASSES = 40;

export function formatDataSet(data: DataSetDescription): string {
  const { height, width, channels } = data.shape;
  const lines = [
    `${data.name}, read from ${data.source}`,
    `${data.train.count} training and ${data.test.count} test images of ${height} × ${width} pixels, ` +
      `${channels} channel${channels === 1 ? '' : 's'}, ${data.classes.length} classes`,
    `digest ${data.digest}`,
    '',
    formatClasses(data),
    '',
    ...data.files.map(
      ({ path, bytes, sha256, md5 }) =>
        `${path}\n  ${bytes} bytes\n  SHA-256 ${sha256}\n  MD5 ${md5}`,
    ),
  ];
  return lines.join('\n');
}

function formatClasses(data: DataSetDescription): string {
  const table = new Table({
    head: ['label', 'class', 'train', 'test'],
    colAligns: ['right', 'left', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  data.classes.slice(0, SHOWN_CLASSES).forEach((name, label) => {
    table.push([label, name, data.train.perClass[label], data.test.perClass[label]]);
  });
  const hidden = data.classes.length - SHOWN_CLASSES;
  return hidden > 0 ? `${table.toString()}\nand ${hidden} more (--json has all)` : table.toString();
}

export function formatSources(cache: string, sources: readonly SourceDescription[]): string {
  const lines = sources.map(({ source, present, used }, i) => {
    const state = used ? (present ? 'used' : 'comes next') : present ? 'there' : 'not there';
    return `${i + 1}. ${source}: ${state}`;
  });
  return [`cache: ${cache}`, ...lines].join('\n');
}
