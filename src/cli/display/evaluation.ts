/** What `evaluate` prints: 80 columns at most. */
import Table from 'cli-table3';
import type { ConfusionMatrix } from '../../shared/evaluation/confusion.js';
import type {
  EvaluationReport,
  SetEvaluation,
  VariantEvaluation,
} from '../../shared/run-reports.js';
import { cut, formatCount, formatFixed, formatPercent } from '../../shared/format.js';

/** More classes than these: --json has them all. */
const SHOWN_CLASSES = 40;
const MATRIX_CLASSES = 10;
const NAME_WIDTH = 24;

export function evaluationText(report: EvaluationReport): string {
  const width = Math.max(...report.sets.map(({ set }) => set.length));
  const sets = report.sets.map(
    ({ set, samples, loss, accuracy }) =>
      `${set.padEnd(width)}  loss ${formatFixed(loss)}  accuracy ${formatPercent(accuracy)}  (${formatCount(samples)} samples)`,
  );
  const which = report.weightsOf === 'last' ? '' : ` (${WEIGHTS[report.weightsOf]})`;
  const weights = `step  ${formatCount(report.step)}${which}\nweights ${report.weightsDigest}`;
  const parts = [
    [...sets, weights].join('\n'),
    ...report.sets.map(setText),
    ...(report.robustness === null ? [] : [robustnessText(report.robustness)]),
  ];
  return `${parts.join('\n\n')}\n`;
}

const WEIGHTS = { best: 'the best weights', raw: 'without their average' } as const;

function setText(set: SetEvaluation): string {
  const { calibration } = set;
  const parts = [
    `${set.set} set\n${scoresTable(set)}`,
    matrixText(set),
    pairsText(set),
    `calibration  expected error ${formatPercent(calibration.expectedError)}, largest ${formatPercent(calibration.largestError)}`,
  ];
  return parts.join('\n\n');
}

function scoresTable({ classes, averages, samples }: SetEvaluation): string {
  const table = plainTable(
    ['class', 'precision', 'recall', 'F1', 'support'],
    ['left', 'right', 'right', 'right', 'right'],
  );
  const row = (
    name: string,
    { precision, recall, f1 }: { precision: number; recall: number; f1: number },
    support: number,
  ): string[] => [
    cut(name, NAME_WIDTH),
    ...[precision, recall, f1].map((value) => value.toFixed(4)),
    formatCount(support),
  ];
  for (const each of classes.slice(0, SHOWN_CLASSES)) {
    table.push(row(each.name, each, each.support));
  }
  for (const name of ['micro', 'macro', 'weighted'] as const) {
    table.push(row(`${name} average`, averages[name], samples));
  }
  const hidden = classes.length - SHOWN_CLASSES;
  const more = hidden > 0 ? `\nand ${String(hidden)} more classes (--json has all)` : '';
  return table.toString() + more;
}

function matrixText({ classes, confusion }: SetEvaluation): string {
  if (classes.length > MATRIX_CLASSES) {
    return `confusion matrix  of ${String(classes.length)} classes: see --json`;
  }
  const names = classes.map(({ name }) => name);
  return `confusion matrix  rows: true class; columns: predicted, by its number\n${grid(names, confusion)}`;
}

function grid(names: readonly string[], confusion: ConfusionMatrix): string {
  const widest = Math.max(1, ...confusion.flat().map((count) => String(count).length));
  const cell = (text: string | number): string => String(text).padStart(widest + 1);
  const nameWidth = Math.max(4, 78 - names.length * (widest + 1) - 2);
  const title = (name: string, label: number): string =>
    `${String(label).padStart(2)} ${cut(name, Math.min(nameWidth, NAME_WIDTH))}`;
  const titles = names.map(title);
  const width = Math.max(...titles.map((text) => text.length));
  return [
    ' '.repeat(width) + names.map((_, label) => cell(label)).join(''),
    ...confusion.map((row, truth) => titles[truth]!.padEnd(width) + row.map(cell).join('')),
  ].join('\n');
}

function pairsText({ mostConfused }: SetEvaluation): string {
  if (mostConfused.length === 0) return 'no mistakes';
  const lines = mostConfused.map(
    ({ truth, predicted, count, share }) =>
      `  ${formatCount(count).padStart(6)}  ${formatPercent(share).padStart(8)} of  ${cut(truth, NAME_WIDTH)} taken for ${cut(predicted, NAME_WIDTH)}`,
  );
  return ['most confused', ...lines].join('\n');
}

function robustnessText(variants: readonly VariantEvaluation[]): string {
  const table = plainTable(
    ['test images', 'loss', 'accuracy', 'change'],
    ['left', 'right', 'right', 'right'],
  );
  const before = variants[0]!.accuracy;
  for (const { variant, loss, accuracy } of variants) {
    const points = ((accuracy - before) * 100).toFixed(2);
    const change = accuracy === before ? '' : `${accuracy > before ? '+' : ''}${points}`;
    table.push([variant, formatFixed(loss), formatPercent(accuracy), change]);
  }
  return `robustness  accuracy on changed test images, change in percentage points\n${table.toString()}`;
}

function plainTable(head: string[], colAligns: ('left' | 'right')[]): InstanceType<typeof Table> {
  return new Table({ head, colAligns, style: { head: [], border: [], compact: true } });
}
