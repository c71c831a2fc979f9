/** What the pages of studies share: the table of runs, and their curves. */
import { formatDuration, formatFixed, formatPercent } from '../../shared/format.js';
import type { RunRow, TestScore } from '../../shared/study/results.js';
import { curveChart, type Series } from '../charts/curves.js';
import { html, type Html } from '../html.js';
import { dataTable, section, type Tile } from '../page.js';
import type { EpochPoint, Measured } from '../run-report.js';
import { seriesColour } from '../style.js';

export const known = (value: number | null, format: (value: number) => string): string =>
  value === null ? '–' : format(value);

/** `keys`: of the settings. Colours are those of the curves, for the runs that have one. */
export function runsTable(
  rows: readonly RunRow[],
  keys: readonly string[],
  coloured: readonly string[],
): Html {
  return dataTable({
    caption: 'Runs, on the samples held back',
    head: ['run', ...keys, 'status', 'epochs', 'accuracy', 'loss', 'train accuracy', 'time'],
    rows: rows.map((row) => [
      named(row.run, coloured.indexOf(row.run)),
      ...keys.map((key) => String(row.settings[key] ?? '')),
      row.error === null ? row.status : row.error.code,
      known(row.epochs, (epochs) => String(Number(epochs.toFixed(2)))),
      known(row.validationAccuracy, formatPercent),
      known(row.validationLoss, formatFixed),
      known(row.trainAccuracy, formatPercent),
      known(row.trainingSeconds, formatDuration),
    ]),
  });
}

export function named(name: string, colour: number): Html {
  if (colour < 0) return html`${name}`;
  return html`<span style="color: ${seriesColour(colour)}" aria-hidden="true">■</span> ${name}`;
}

/** Losses so many times the middle one are left out: they would press the others flat. */
const CUT = 4;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Accuracy and loss on the samples held back, over the epochs, in the order of colours. */
export function runCurves(
  runs: readonly string[],
  epochs: ReadonlyMap<string, readonly EpochPoint[]>,
): Html {
  const series = (figure: keyof Measured): Series[] =>
    runs.map((name, i) => ({
      name,
      colour: seriesColour(i),
      dash: null,
      points: (epochs.get(name) ?? []).flatMap(({ epoch, validation }) =>
        validation === null ? [] : [[epoch, validation[figure]] as const],
      ),
    }));
  const losses = series('loss');
  const cut = CUT * median(losses.flatMap(({ points }) => points.map(([, loss]) => loss)));
  const low = losses.map((line) => ({
    ...line,
    points: line.points.filter(([, loss]) => loss <= cut),
  }));
  const hidden = losses.some(({ points }) => points.some(([, loss]) => loss > cut));
  if (series('loss').every(({ points }) => points.length === 0))
    return html`<p>No epoch is done.</p>`;
  return html`<div class="charts">
      ${curveChart({ title: 'Accuracy on validation data', x: 'epoch', series: series('accuracy'), format: formatPercent, dots: true, ticks: '~%' })}
      ${curveChart({ title: 'Loss on validation data', x: 'epoch', series: low, format: formatFixed, dots: true, ticks: '~g' })}
    </div>
    ${hidden ? html`<p class="note">Losses above ${formatFixed(cut)} are left out of the drawing.</p>` : null}`;
}

export function testTiles(test: TestScore | null): readonly Tile[] {
  if (test === null) return [];
  return [
    { name: 'test accuracy', value: formatPercent(test.accuracy) },
    { name: 'test loss', value: formatFixed(test.loss) },
  ];
}

/** Those that failed, each with its reason; none where none did. */
export function failures(rows: readonly RunRow[]): readonly Html[] {
  const failed = rows.filter(({ error }) => error !== null);
  if (failed.length === 0) return [];
  return [
    section(
      'Failed',
      html`<ul>
        ${failed.map(
          ({ run, error }) => html`<li>${run}: <code>${error!.code}</code> ${error!.message}</li>`,
        )}
      </ul>`,
    ),
  ];
}
