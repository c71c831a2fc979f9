import { formatCount, formatFixed, formatPercent } from '../../shared/format.js';
import { html, type Html } from '../html.js';
import { dataTable, section } from '../page.js';
import type { RunReport } from '../run-report.js';
import { seriesColour } from '../style.js';

/** Decide nothing that two runs could be compared by. */
const OWN_KEYS: ReadonlySet<string> = new Set(['out', 'resume']);

/** Several runs side by side: figures, and where their configurations differ. */
export function comparisonSection(runs: readonly RunReport[]): Html {
  const figures = dataTable({
    caption: 'Test set, with the weights that each run ends with',
    head: ['run', 'accuracy', 'loss', 'macro F1', 'calibration error', 'parameters', 'steps'],
    rows: runs.map((run, i) => [
      html`<span style="color: ${seriesColour(i)}" aria-hidden="true">■</span> ${run.name}`,
      formatPercent(run.scores.accuracy),
      formatFixed(run.scores.loss),
      formatFixed(run.scores.averages.macro.f1),
      formatPercent(run.scores.calibration.expectedError),
      formatCount(run.parameters),
      formatCount(run.step),
    ]),
  });
  const keys = Object.keys(runs[0]!.configuration).filter(
    (key) => !OWN_KEYS.has(key) && new Set(runs.map((run) => written(run, key))).size > 1,
  );
  const settings =
    keys.length === 0
      ? html`<p class="note">Their configurations are the same.</p>`
      : dataTable({
          caption: 'Where their configurations differ',
          head: ['key', ...runs.map(({ name }) => name)],
          rows: keys.map((key) => [key, ...runs.map((run) => written(run, key))]),
        });
  return section('The runs compared', html`<div class="two">${figures} ${settings}</div>`);
}

export const written = (run: RunReport, key: string): string => {
  const value = run.configuration[key];
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
};
