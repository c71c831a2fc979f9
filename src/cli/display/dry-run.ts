import Table from 'cli-table3';
import { describeGranularity } from '../../shared/config/granularity.js';
import type { DryRunReport } from '../../shared/run-reports.js';
import { formatBytes, formatCount, formatDuration } from '../../shared/format.js';

type Row = readonly [string, string];

/** What `train --dry-run` prints: two columns, 80 characters at most. */
export function dryRunText(report: DryRunReport): string {
  const memorySum = report.memory.reduce((sum, { bytes }) => sum + bytes, 0);
  const memory = report.memory.map(({ part, bytes }): Row => [`  ${part}`, formatBytes(bytes)]);
  return `${table([...planRows(report), ['memory', formatBytes(memorySum)], ...memory, ...timeRows(report)])}\n`;
}

function planRows(report: DryRunReport): Row[] {
  const { batchSize, microBatch } = report;
  const validation =
    report.validationSamples > 0 ? `, ${formatCount(report.validationSamples)} validation` : '';
  const samples = `${formatCount(report.trainSamples)} train${validation}, ${formatCount(report.testSamples)} test`;
  return [
    ['model', `${report.model}, ${formatCount(report.parameters)} parameters`],
    ['data', `${report.data}: ${samples}`],
    ['engine', `${report.engine}: ${report.engineReason}`],
    ['steps', `${formatCount(report.steps)}, ${formatCount(report.stepsPerEpoch)} an epoch`],
    [
      'batch',
      `${formatCount(batchSize)} samples in micro-batches of at most ${String(microBatch)}`,
    ],
    ['granularity', describeGranularity(report, report.sharesMicroBatches)],
  ];
}

function timeRows({ stepSeconds, trainingSeconds }: DryRunReport): Row[] {
  if (stepSeconds === null || trainingSeconds === null) return [['time', 'not predicted']];
  return [
    ['time a step', formatDuration(stepSeconds)],
    ['time of training', `${formatDuration(trainingSeconds)}, evaluation left out`],
  ];
}

function table(rows: readonly Row[]): string {
  const plain = new Table({
    style: { head: [], border: [], compact: true },
    colWidths: [24, 53],
    wordWrap: true,
  });
  plain.push(...rows.map(([name, value]) => [name, value]));
  return plain.toString();
}
