import { formatCount, formatPercent, formatWholePercent } from '../../shared/format.js';
import type { ScaleResults, ScaleRow } from '../../shared/study/results.js';
import { SCALE_HEAD, scaleCells } from '../../shared/study/scale-table.js';
import { curveChart, type Series } from '../charts/curves.js';
import { html, type Html } from '../html.js';
import { dataTable, section, tiles } from '../page.js';
import type { StudyReport } from '../study-report.js';
import { seriesColour } from '../style.js';
import { failures, known } from './runs.js';

export function scaleSections(
  results: ScaleResults,
  { accuracyByTime }: StudyReport,
): readonly Html[] {
  const { rows, target, processors, runs } = results;
  const fastest = rows.reduce<ScaleRow | null>((best, row) => (best === null || row.samplesPerSecond > best.samplesPerSecond ? row : best), null); // prettier-ignore
  return [
    tiles([
      { name: 'processors', value: String(processors) },
      { name: 'most samples a second', value: known(fastest?.samplesPerSecond ?? null, formatCount) }, // prettier-ignore
      { name: 'by', value: fastest === null ? 'none' : `${String(fastest.threads)} × ${String(fastest.batchSize)}` }, // prettier-ignore
      { name: 'target accuracy', value: known(target, formatPercent) },
    ]),
    section('Figures', scaleTable(rows)),
    ...(rows.length === 0 ? [] : [section('By threads', threadCharts(rows))]),
    ...(rows.length === 0
      ? []
      : [section('Accuracy against time', timeChart(rows, accuracyByTime))]),
    ...failures(runs),
  ];
}

function scaleTable(rows: readonly ScaleRow[]): Html {
  return dataTable({
    caption: 'Threads × batch × epochs; speed-up against the fewest threads on the same work',
    head: SCALE_HEAD,
    rows: rows.map(scaleCells),
  });
}

/** Of the most epochs: the longest look at each speed. */
function threadCharts(rows: readonly ScaleRow[]): Html {
  const most = Math.max(...rows.map(({ epochs }) => epochs));
  const longest = rows.filter(({ epochs }) => epochs === most);
  const batches = [...new Set(longest.map(({ batchSize }) => batchSize))];
  const series = (
    figure: 'samplesPerSecond' | 'efficiency' | 'bound',
    dash: string | null,
  ): Series[] =>
    // prettier-ignore
    batches.map((batch, i) => ({
      name: `batch ${formatCount(batch)}${figure === 'bound' ? ', bound' : ''}`,
      colour: seriesColour(i),
      dash,
      points: longest.flatMap((row) => (row.batchSize === batch ? [[row.threads, row[figure]] as const] : [])), // prettier-ignore
    }));
  return html`${batchLegend(batches)}
    <div class="charts">
      ${curveChart({ title: 'Samples a second', x: 'threads', series: series('samplesPerSecond', null), format: formatCount, dots: true, zero: true, ticks: '~s' })}
      ${curveChart({ title: 'Efficiency (full) and bound (dashed)', x: 'threads', series: [...series('efficiency', null), ...series('bound', '6 4')], format: formatWholePercent, dots: true, zero: true, ticks: '~%' })}
    </div>`;
}

function batchLegend(batches: readonly number[]): Html {
  return html`<ul class="legend">
    ${batches.map((batch, i) => html`<li><span class="key" style="border-top-color: ${seriesColour(i)}"></span>batch ${formatCount(batch)}</li>`)}
  </ul>`;
}

/** The end of every epoch of every run, at the training time that had passed. */
function timeChart(rows: readonly ScaleRow[], byTime: StudyReport['accuracyByTime']): Html {
  const runs = [...new Set(rows.map(({ run }) => run))];
  const lines = runs.map((run, i): Series => {
    return { name: run, colour: seriesColour(i), dash: null, points: byTime.get(run) ?? [] };
  });
  return html`<ul class="legend">
      ${runs.map((run, i) => html`<li><span class="key" style="border-top-color: ${seriesColour(i)}"></span>${run}</li>`)}
    </ul>
    <div class="charts">
      ${curveChart({ title: 'Accuracy on validation data', x: 'seconds of training', series: lines, format: formatPercent, dots: true, ticks: '~%' })}
    </div>
    <p class="note">Evaluation is left out of the time.</p>`;
}
