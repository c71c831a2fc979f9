import { version } from '../shared/version.js';
import { html, type Html } from './html.js';
import { dataTable, page, section } from './page.js';
import type { StudyReport } from './study-report.js';
import { ensembleSections } from './studies/ensemble.js';
import { foldsSections } from './studies/folds.js';
import { rangeSections } from './studies/range.js';
import { scaleSections } from './studies/scale.js';
import { sweepSections } from './studies/sweep.js';

const KINDS = {
  grid: 'Grid search',
  random: 'Random search',
  halving: 'Successive halving',
  rangeTest: 'Learning-rate range test',
} as const;

/** The report of a study as a page in one file. */
export function studyPage(report: StudyReport): string {
  const { name, results, definition } = report;
  return page(name, titleOf(report), [
    ...sectionsOf(report),
    section(
      'Configuration',
      html`<details>
        <summary>What was asked for</summary>
        ${dataTable({
          caption: results.folder,
          head: ['key', 'value'],
          rows: Object.entries(definition).map(([key, value]) => [key, JSON.stringify(value)]),
        })}
      </details>`,
    ),
    html`<footer>
      <p><code>${results.folder}</code></p>
      <p>Lockstep ${version()}</p>
    </footer>`,
  ]);
}

function titleOf({ results }: StudyReport): string {
  switch (results.kind) {
    case 'sweep':
      return KINDS[results.search];
    case 'kfold':
      return `Cross-validation, ${String(results.folds)} ${results.split} folds`;
    case 'ensemble':
      return `Ensemble of ${String(results.members.length)}`;
    case 'scale':
      return `Scaling on ${String(results.processors)} processors`;
  }
}

function sectionsOf(report: StudyReport): readonly Html[] {
  const { results } = report;
  switch (results.kind) {
    case 'sweep':
      return results.search === 'rangeTest'
        ? rangeSections(results)
        : sweepSections(results, report);
    case 'kfold':
      return foldsSections(results, report);
    case 'ensemble':
      return ensembleSections(results);
    case 'scale':
      return scaleSections(results, report);
  }
}
