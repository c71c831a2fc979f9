import { reliabilityChart } from '../charts/reliability.js';
import { formatCount, formatFixed, formatPercent } from '../../shared/format.js';
import { html, type Html } from '../html.js';
import { dataTable } from '../page.js';
import type { SetScores } from '../../shared/evaluation/set-scores.js';
import type { SetEvaluation } from '../../shared/run-reports.js';

/** What is told of a set does not hang on which one it is. */
export type ShownScores = SetScores & Pick<SetEvaluation, 'samples'>;

/** A matrix of more classes cannot be read. */
const MATRIX_CLASSES = 50;

/** Scores of each class and their averages. */
export function classTable({ classes, averages, samples }: ShownScores): Html {
  const bar = (value: number): Html =>
    html`${formatFixed(value)}<span
        class="bar"
        style="--share: ${(value * 100).toFixed(1)}%"
        aria-hidden="true"
      ></span>`;
  const averageOf = (name: 'micro' | 'macro' | 'weighted') => {
    const { precision, recall, f1 } = averages[name];
    return [
      `${name} average`,
      formatFixed(precision),
      formatFixed(recall),
      bar(f1),
      formatCount(samples),
    ];
  };
  return dataTable({
    caption: 'Scores of each class',
    head: ['class', 'precision', 'recall', 'F1', 'support'],
    rows: [
      ...classes.map(({ name, precision, recall, f1, support }) => [
        name,
        formatFixed(precision),
        formatFixed(recall),
        bar(f1),
        formatCount(support),
      ]),
      ...(['micro', 'macro', 'weighted'] as const).map(averageOf),
    ],
  });
}

/** Rows of true, columns of predicted classes; shaded by the share of the true class. */
export function matrixTable({ classes, confusion }: ShownScores): Html {
  if (classes.length > MATRIX_CLASSES) {
    return html`<p class="note">
      A matrix of ${classes.length} classes is too large to read here; lockstep evaluate --json has
      it.
    </p>`;
  }
  const row = (counts: readonly number[], truth: number): Html => {
    const { name, support } = classes[truth]!;
    const cell = (value: number, predicted: number): Html => {
      // Mistakes are few where a model is good: their shade grows faster.
      const part = value / Math.max(1, support);
      const share = truth === predicted ? part * 0.55 : Math.min(0.7, Math.sqrt(part));
      const title = `${name} taken for ${classes[predicted]!.name}: ${String(value)}`;
      return html`<td
        class="${truth === predicted ? 'hit' : ''}"
        style="--share: ${share.toFixed(3)}"
        title="${title}"
      >
        ${value === 0 ? '·' : value}
      </td>`;
    };
    return html`<tr>
      <th scope="row" title="${name}">${truth} ${name}</th>
      ${counts.map(cell)}
    </tr>`;
  };
  const head = classes.map(
    ({ name }, c) => html`<th scope="col" title="${name}"><abbr title="${name}">${c}</abbr></th>`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix">
    <table class="matrix">
      <caption>
        Confusion matrix: rows are true, columns predicted classes, by number
      </caption>
      <thead>
        <tr>
          <td></td>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${confusion.map(row)}
      </tbody>
    </table>
  </div>`;
}

export function pairsTable({ mostConfused }: ShownScores): Html {
  if (mostConfused.length === 0) return html`<p>No mistakes.</p>`;
  return dataTable({
    caption: 'Most frequent mistakes',
    head: ['true class', 'taken for', 'images', 'of the class'],
    rows: mostConfused.map(({ truth, predicted, count: images, share }) => [
      truth,
      predicted,
      formatCount(images),
      formatPercent(share),
    ]),
  });
}

/** All scores of a set. */
export function scoresOf(scores: ShownScores): Html {
  return html`<div class="two">
    <div>${matrixTable(scores)}</div>
    <div>${classTable(scores)}</div>
    <div>${pairsTable(scores)}</div>
    <div>${reliabilityChart(scores.calibration)}</div>
  </div>`;
}
