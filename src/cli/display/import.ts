/** What an import did, as text. */
import Table from 'cli-table3';
import type { ImportReport } from '../../coordinator/photos/import-photos.js';
import { formatCount } from '../../shared/format.js';
import { printable } from './printable.js';

/** More names or files than these are counted together. */
const SHOWN = 20;

export function formatImport(report: ImportReport): string {
  const { train, test, shape, classes } = report;
  const table = new Table({
    head: ['label', 'class', 'train', 'test'],
    colAligns: ['right', 'left', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  classes.slice(0, SHOWN).forEach((name, label) => {
    table.push([label, printable(name), train.perClass[label], test.perClass[label]]);
  });
  return [
    `${formatCount(train.count)} training and ${formatCount(test.count)} test images of ${String(shape.height)} × ${String(shape.width)} pixels, ${String(shape.channels)} channel${shape.channels === 1 ? '' : 's'}, ${String(classes.length)} classes`,
    table.toString(),
    ...(classes.length > SHOWN ? [`and ${String(classes.length - SHOWN)} classes more`] : []),
    ...leftOutLines(report),
    printable(report.folder),
  ].join('\n');
}

function leftOutLines({
  leftOut,
  missing,
  faulty,
  joinedLines,
  otherFiles,
}: ImportReport): string[] {
  const lines: string[] = [];
  if (leftOut.length > 0) {
    const sum = leftOut.reduce((total, { count }) => total + count, 0);
    const shown = leftOut.slice(0, SHOWN).map(({ name, count }) => `${name} ${formatCount(count)}`);
    const more = leftOut.length > SHOWN ? `, and ${String(leftOut.length - SHOWN)} names more` : '';
    const names = printable(shown.join(', '));
    lines.push(`left out, since no class takes them: ${formatCount(sum)} (${names}${more})`);
  }
  if (missing.length > 0) {
    lines.push(`left out, since they are not there: ${printable(few(missing))}`);
  }
  if (faulty.length > 0) {
    const shown = faulty.map(({ path, reason }) => `${path} ${reason}`);
    lines.push(`left out, since they cannot be used: ${printable(few(shown, '; '))}`);
  }
  if (joinedLines > 0) {
    lines.push(`lines of the table with commas in their last field: ${formatCount(joinedLines)}`);
  }
  if (otherFiles > 0) lines.push(`files that are no photographs: ${formatCount(otherFiles)}`);
  return lines;
}

function few(items: readonly string[], between = ', '): string {
  const more = items.length > SHOWN ? `${between}and ${String(items.length - SHOWN)} more` : '';
  return `${formatCount(items.length)} (${items.slice(0, SHOWN).join(between)}${more})`;
}
