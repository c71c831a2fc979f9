import { formatCount, formatFixed, formatPercent } from '../../shared/format.js';
import type { RunRow, SweepResults } from '../../shared/study/results.js';
import { heatChart } from '../charts/heat.js';
import { pointChart } from '../charts/points.js';
import { html, type Html } from '../html.js';
import { section, tiles } from '../page.js';
import type { StudyReport } from '../study-report.js';
import { failures, known, runCurves, runsTable, testTiles } from './runs.js';

/** Curves of more runs could not be told apart. */
const CURVES = 10;

export function sweepSections(results: SweepResults, report: StudyReport): readonly Html[] {
  const { runs, keys, chosen, test, metric } = results;
  const best = runs.find(({ run }) => run === chosen);
  const drawn = runs
    .filter(({ error }) => error === null)
    .slice(0, CURVES)
    .map(({ run }) => run);
  return [
    tiles([
      { name: 'runs', value: formatCount(runs.length) },
      { name: 'chosen', value: chosen ?? 'none' },
      { name: 'validation accuracy', value: known(best?.validationAccuracy ?? null, formatPercent) }, // prettier-ignore
      ...testTiles(test),
    ]),
    html`<p class="note">
      Chosen by ${metric === 'validationLoss' ? 'the loss' : 'the accuracy'} on samples held back
      from training. The test set was seen by the chosen run alone.
    </p>`,
    section('Runs', runsTable(runs, keys, drawn)),
    section(
      'Where the good ones lie',
      html`<div class="charts">${keyCharts(results, report)}</div>`,
    ),
    section(
      drawn.length < runs.length ? `The best ${String(drawn.length)} over the epochs` : 'Over the epochs', // prettier-ignore
      runCurves(drawn, report.epochs),
    ),
    ...failures(runs),
  ];
}

/** Of the runs that went furthest: others were judged after fewer epochs. */
function keyCharts(
  { runs, keys, metric, chosen }: SweepResults,
  { definition }: StudyReport,
): readonly Html[] {
  const format = metric === 'validationLoss' ? formatFixed : formatPercent;
  const title = metric === 'validationLoss' ? 'Loss on validation data' : 'Accuracy on validation data'; // prettier-ignore
  const ticks = metric === 'validationLoss' ? '~g' : '~%';
  const scored = runs.flatMap((row) => {
    const value = row[metric];
    return value === null ? [] : [{ row, value }];
  });
  if (scored.length === 0) return [html`<p>No run is done.</p>`];
  const dots = keys.map((key) =>
    pointChart({
      title,
      x: key,
      log: isLog(key, definition),
      points: scored.map(({ row, value }) => ({ name: row.run, x: row.settings[key] ?? null, y: value, marked: row.run === chosen })), // prettier-ignore
      format,
      ticks,
    }),
  );
  const [first, second] = keys;
  if (
    keys.length !== 2 ||
    !isGrid(
      scored.map(({ row }) => row),
      keys,
    )
  )
    return dots;
  const order = [...scored].sort((a, b) => compare(a.row, b.row, keys));
  const cells = order.map(({ row, value }) => ({
    x: String(row.settings[first!]),
    y: String(row.settings[second!]),
    value,
  }));
  return [...dots, heatChart(title, first!, second!, cells, format)];
}

/** Whether some value of each key occurs more than once: a random search has no rows and columns. */
function isGrid(rows: readonly RunRow[], keys: readonly string[]): boolean {
  return keys.every((key) => new Set(rows.map(({ settings }) => settings[key])).size * 2 <= rows.length + 1); // prettier-ignore
}

function compare(a: RunRow, b: RunRow, keys: readonly string[]): number {
  for (const key of keys) {
    const [left, right] = [a.settings[key], b.settings[key]];
    const order =
      typeof left === 'number' && typeof right === 'number'
        ? left - right
        : String(left).localeCompare(String(right), 'en');
    if (order !== 0) return order;
  }
  return 0;
}

/** A list of numbers that span so many times their least one is shown by its logarithm. */
const WIDE = 20;

/** As the study has it: a range says so, a list is looked at. */
function isLog(key: string, definition: StudyReport['definition']): boolean {
  const space = definition['space'] as Readonly<Record<string, unknown>> | undefined;
  const values = space?.[key];
  if (!Array.isArray(values)) return (values as { scale?: string } | undefined)?.scale === 'log';
  const numbers = (values as unknown[]).filter((value) => typeof value === 'number');
  const least = Math.min(...numbers);
  return least > 0 && Math.max(...numbers) >= WIDE * least;
}
