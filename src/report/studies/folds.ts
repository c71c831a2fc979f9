import { formatFixed, formatPercent } from '../../shared/format.js';
import type { FoldsResults } from '../../shared/study/results.js';
import { html, type Html } from '../html.js';
import { dataTable, section, tiles } from '../page.js';
import { scoresOf } from '../sections/scores.js';
import type { StudyReport } from '../study-report.js';
import { failures, known, runCurves, runsTable, testTiles } from './runs.js';

export function foldsSections(
  results: FoldsResults,
  { epochs, heldOut }: StudyReport,
): readonly Html[] {
  const { runs, accuracy, loss, chosen, test } = results;
  const names = runs.map(({ run }) => run);
  return [
    tiles([
      { name: 'mean accuracy', value: known(accuracy.mean, formatPercent) },
      { name: 'standard deviation', value: known(accuracy.deviation, formatPercent) },
      { name: 'mean loss', value: known(loss.mean, formatFixed) },
      { name: 'best fold', value: chosen ?? 'none' },
      ...testTiles(test),
    ]),
    section(
      'Folds',
      html`${runsTable(runs, ['fold'], names)}
      ${dataTable({
        caption: 'Over all folds',
        head: ['', 'accuracy', 'loss'],
        rows: [
          ['mean', known(accuracy.mean, formatPercent), known(loss.mean, formatFixed)],
          ['standard deviation', known(accuracy.deviation, formatPercent), known(loss.deviation, formatFixed)], // prettier-ignore
        ],
      })}`,
    ),
    section('Over the epochs', runCurves(names, epochs)),
    ...(heldOut === null
      ? []
      : [
          section(
            'Scores on the samples held back',
            html`<p class="note">
                Every training sample once, as the model says that was not trained on it.
              </p>
              ${scoresOf(heldOut)}`,
          ),
        ]),
    ...failures(runs),
  ];
}
