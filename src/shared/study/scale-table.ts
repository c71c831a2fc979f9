import { formatCount, formatDuration, formatPercent, formatWholePercent } from '../format.js';
import type { ScaleRow } from './results.js';

/** The columns of a scaling study, wherever it is shown. */
export const SCALE_HEAD = [
  ...['threads', 'batch', 'epochs', 'samples/s', 'speed-up', 'efficiency', 'bound'],
  ...['validation', 'time', 'to target'],
];

/** One run, cell by cell. */
export const scaleCells = (row: ScaleRow): string[] => [
  String(row.threads),
  formatCount(row.batchSize),
  String(row.epochs),
  formatCount(row.samplesPerSecond),
  row.speedUp.toFixed(2),
  formatWholePercent(row.efficiency),
  formatWholePercent(row.bound),
  formatPercent(row.validationAccuracy),
  formatDuration(row.trainingSeconds),
  row.secondsToTarget === null ? '–' : formatDuration(row.secondsToTarget),
];
