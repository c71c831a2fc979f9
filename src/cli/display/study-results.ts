/** Results of studies as tables. */
import Table from 'cli-table3';
import {
  cut,
  formatCount,
  formatDuration,
  formatFixed,
  formatPercent,
} from '../../shared/format.js';
import type {
  CombinedScore,
  EnsembleResults,
  FoldsResults,
  RangeTestResults,
  RunRow,
  ScaleResults,
  Spread,
  SweepResults,
  TestScore,
} from '../../shared/study/results.js';
import { SCALE_HEAD, scaleCells } from '../../shared/study/scale-table.js';
import { showPath } from './lines.js';

/** More runs than these: results.csv has them all. */
const SHOWN_RUNS = 40;

export function sweepText(results: SweepResults): string {
  const { keys, runs, chosen, test, folder } = results;
  const table = plainTable(
    ['', 'run', ...keys, 'epochs', 'validation', 'loss', 'train', 'time'],
    keys.length + 2,
  );
  for (const row of runs.slice(0, SHOWN_RUNS)) {
    table.push([
      row.rank === null ? '–' : String(row.rank),
      row.run,
      ...keys.map((key) => String(row.settings[key] ?? '')),
      ...figures(row),
    ]);
  }
  const hidden = runs.length - SHOWN_RUNS;
  return [
    table.toString(),
    ...(hidden > 0 ? [`and ${formatCount(hidden)} more runs (results.csv has all)`] : []),
    chosen === null ? 'chosen    none: every run failed' : `chosen    ${chosen}, by ${metricName(results)}`, // prettier-ignore
    ...testLines(test),
    `study     ${showPath(folder)}`,
  ].join('\n');
}

const metricName = ({ metric }: SweepResults): string =>
  metric === 'validationLoss' ? 'the loss on validation data' : 'the accuracy on validation data';

export function rangeTestText({
  points,
  steepest,
  least,
  diverges,
  folder,
}: RangeTestResults): string {
  const rate = (value: number | null): string =>
    value === null ? 'none' : String(Number(value.toPrecision(3)));
  const first = points[0];
  const last = points.at(-1);
  return [
    `steps            ${formatCount(points.length)}, learning rate ${rate(first?.learningRate ?? null)} to ${rate(last?.learningRate ?? null)}`,
    `steepest fall    ${rate(steepest)}`,
    `least loss       ${rate(least)}`,
    `diverges from    ${rate(diverges)}`,
    `study            ${showPath(folder)} (results.csv has every step)`,
  ].join('\n');
}

export function foldsText({ runs, accuracy, loss, chosen, test, folder }: FoldsResults): string {
  const table = plainTable(['fold', 'epochs', 'validation', 'loss', 'train', 'time'], 1);
  for (const row of runs) table.push([String(row.settings['fold']), ...figures(row)]);
  table.push(['mean', '', spreadText(accuracy.mean, formatPercent), spreadText(loss.mean, formatFixed), '', '']); // prettier-ignore
  table.push(['deviation', '', spreadText(accuracy.deviation, formatPercent), spreadText(loss.deviation, formatFixed), '', '']); // prettier-ignore
  return [
    table.toString(),
    ...(chosen === null ? [] : [`best fold ${chosen}`]),
    ...testLines(test),
    `study     ${showPath(folder)}`,
  ].join('\n');
}

const spreadText = (value: Spread['mean'], format: (value: number) => string): string =>
  value === null ? '–' : format(value);

export function scaleText({ rows, target, processors, runs, folder }: ScaleResults): string {
  const table = plainTable(SCALE_HEAD, 0);
  for (const row of rows) table.push(scaleCells(row));
  const failed = runs.filter(({ status }) => status === 'failed').map(({ run }) => run);
  return [
    table.toString(),
    ...(target === null ? [] : [`target    ${formatPercent(target)} on validation data`]),
    `machine   ${String(processors)} processors`,
    ...(failed.length === 0 ? [] : [`failed    ${failed.join(', ')}`]),
    `study     ${showPath(folder)}`,
  ].join('\n');
}

export function ensembleText(results: EnsembleResults): string {
  const { members, methods, chosen, scores, heldOutSamples, folder } = results;
  const table = plainTable(['', 'held out', 'loss', 'test', 'loss'], 1);
  const cells = (score: CombinedScore | null): string[] => [
    score === null ? '–' : formatPercent(score.accuracy),
    score === null || score.loss === null ? '–' : formatFixed(score.loss),
  ];
  for (const { name, models, heldOut, test } of members) {
    const many = models === 1 ? '' : ` (${String(models)} models)`;
    table.push([`${cut(name, NAME_WIDTH)}${many}`, ...cells(heldOut), ...cells(test)]);
  }
  for (const { method, heldOut, test } of methods) {
    const mark = method === chosen ? ' ←' : '';
    table.push([`${method}${mark}`, ...cells(heldOut), ...cells(test)]);
  }
  return [
    table.toString(),
    `held out  ${formatCount(heldOutSamples)} samples that no member was trained on`,
    `chosen    ${chosen}`,
    ...(scores === null ? [] : [`test      accuracy ${formatPercent(scores.accuracy)}  macro F1 ${formatFixed(scores.averages.macro.f1)}`]), // prettier-ignore
    `study     ${showPath(folder)}`,
  ].join('\n');
}

const NAME_WIDTH = 30;

function figures(row: RunRow): string[] {
  if (row.error !== null) return ['', row.error.code, '', '', ''];
  const known = (value: number | null, format: (value: number) => string): string =>
    value === null ? '–' : format(value);
  return [
    known(row.epochs, (epochs) => String(Number(epochs.toFixed(2)))),
    known(row.validationAccuracy, formatPercent),
    known(row.validationLoss, formatFixed),
    known(row.trainAccuracy, formatPercent),
    known(row.trainingSeconds, formatDuration),
  ];
}

function testLines(test: TestScore | null): string[] {
  if (test === null) return [];
  return [`test      loss ${formatFixed(test.loss)}  accuracy ${formatPercent(test.accuracy)}`];
}

function plainTable(head: string[], left: number): InstanceType<typeof Table> {
  const colAligns = head.map((_, i) => (i < left ? 'left' : 'right') as 'left' | 'right');
  return new Table({ head, colAligns, style: { head: [], border: [], compact: true } });
}
