import { formatCount, formatFixed, formatPercent } from '../../shared/format.js';
import type { CombinedScore, EnsembleResults } from '../../shared/study/results.js';
import { dotChart } from '../charts/dots.js';
import { html, type Html } from '../html.js';
import { dataTable, section, tiles } from '../page.js';
import { scoresOf } from '../sections/scores.js';

export function ensembleSections(results: EnsembleResults): readonly Html[] {
  const { members, methods, chosen, scores, heldOutSamples } = results;
  const cells = (score: CombinedScore | null): string[] => [
    score === null ? '–' : formatPercent(score.accuracy),
    score === null || score.loss === null ? '–' : formatFixed(score.loss),
  ];
  const head = ['held out: accuracy', 'loss', 'test: accuracy', 'loss'];
  const judged = [
    ...members.map(({ name, heldOut }) => ({ name, heldOut, marked: false })),
    ...methods.map(({ method, heldOut }) => ({ name: method, heldOut, marked: method === chosen })),
  ].flatMap(({ name, heldOut, marked }) =>
    heldOut === null ? [] : [{ name, value: heldOut.accuracy, marked }],
  );
  return [
    tiles([
      { name: 'members', value: formatCount(members.length) },
      { name: 'chosen', value: chosen },
      ...(scores === null
        ? []
        : [
            { name: 'test accuracy', value: formatPercent(scores.accuracy) },
            { name: 'macro F1', value: formatFixed(scores.averages.macro.f1) },
          ]),
      { name: 'samples held out by all', value: formatCount(heldOutSamples) },
    ]),
    section(
      'Members and methods',
      html`${dataTable({
        caption: 'Members',
        head: ['member', 'models', 'parameters', ...head],
        rows: members.map((member) => [
          member.name,
          String(member.models),
          formatCount(member.parameters),
          ...cells(member.heldOut),
          ...cells(member.test),
        ]),
      })}
      ${dataTable({
        caption: 'Methods',
        head: ['method', ...head],
        rows: methods.map(({ method, heldOut, test }) => [
          method === chosen ? `${method} (chosen)` : method,
          ...cells(heldOut),
          ...cells(test),
        ]),
      })}
      ${judged.length === 0 ? null : html`<div class="charts">${dotChart('Accuracy on samples held out', judged, formatPercent, '~%')}</div>`}`,
    ),
    ...(scores === null ? [] : [section('Scores on the test set', scoresOf(scores))]),
  ];
}
