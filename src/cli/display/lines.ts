import { relative } from 'node:path';
import { styleText } from 'node:util';
import type { EpochRecord, RunStart, RunSummary } from '../../shared/run-events.js';
import {
  formatCount,
  formatDuration,
  formatFixed,
  formatPercent,
  formatRate,
} from '../../shared/format.js';
import { shown, type Progress } from './progress.js';

/** The texts of the display, as functions of what is shown. */
export type Style = 'bold' | 'dim' | 'cyan' | 'green';
export type Paint = (style: Style, text: string) => string;

export const plainPaint: Paint = (_style, text) => text;
export const colourPaint: Paint = (style, text) =>
  styleText(style, text, { validateStream: false });

/** Colours where the stream is a terminal that has them and NO_COLOR does not forbid them. */
export function paintFor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Paint {
  const forbidden = env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '';
  return stream.isTTY && !forbidden && stream.hasColors(env) ? colourPaint : plainPaint;
}

export function startLine(start: RunStart): string {
  const threads = start.threads === null ? 'workers that join' : countOf(start.threads, 'thread');
  const parts = [
    `${start.model}, ${formatCount(start.parameters)} parameters`,
    `${start.engine}, ${threads}`,
    `${formatCount(start.samples)} samples`,
    showPath(start.run),
  ];
  const from = start.startStep > 0 ? ` (from step ${formatCount(start.startStep)})` : '';
  return parts.join(' · ') + from;
}

const countOf = (count: number, thing: string): string =>
  `${String(count)} ${thing}${count === 1 ? '' : 's'}`;

export function epochLine(record: EpochRecord, epochs: number, paint: Paint): string {
  const parts = [
    paint(
      'bold',
      `epoch ${String(record.epoch).padStart(String(epochs).length)}/${String(epochs)}`,
    ),
    `loss ${formatFixed(record.loss)}`,
    `accuracy ${formatPercent(record.accuracy)}`,
  ];
  if (record.validationLoss !== null && record.validationAccuracy !== null) {
    const { validationLoss: loss, validationAccuracy: accuracy } = record;
    parts.push(paint('green', `validation ${formatFixed(loss)} ${formatPercent(accuracy)}`));
  }
  if (record.testLoss !== null && record.testAccuracy !== null) {
    const test = `test ${formatFixed(record.testLoss)} ${formatPercent(record.testAccuracy)}`;
    parts.push(paint('green', test));
  }
  if (record.isBest) parts.push(paint('bold', 'best'));
  parts.push(paint('dim', formatDuration(record.epochSeconds)));
  return parts.join('  ');
}

/** One line for a log. */
export function progressLine(progress: Progress): string {
  return [place(progress).join('  '), ...figures(progress)].join('  ');
}

/**
 * The two live lines; none is as wide as the terminal, and parts that do not fit are left out,
 * the least important first.
 */
export function liveLines(progress: Progress, columns: number, paint: Paint): string[] {
  const width = Math.max(1, columns - 1);
  const [epoch, step] = place(progress);
  const share = progress.start.steps === 0 ? 1 : progress.step / progress.start.steps;
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`;
  const room = width - epoch.length - step.length - percent.length - 6;
  const head = room >= 8 ? [epoch, bar(share, Math.min(room, 40)), percent, step] : [epoch, step];
  const first = fit(head, width).map((text) => (text === epoch ? paint('bold', text) : text));
  const second = fit(figures(progress), width);
  return [first.join('  '), second.map((text) => paint('cyan', text)).join('  ')];
}

/** The parts, in order, that fit side by side; a first one that does not is cut. */
function fit(parts: readonly string[], width: number): string[] {
  const fitting: string[] = [];
  let used = 0;
  for (const part of parts) {
    const needed = part.length + (fitting.length === 0 ? 0 : 2);
    if (used + needed > width) break;
    fitting.push(part);
    used += needed;
  }
  return fitting.length === 0 ? [(parts[0] ?? '').slice(0, width)] : fitting;
}

function place({ start, epoch, step }: Progress): [string, string] {
  return [
    `epoch ${String(epoch)}/${String(start.epochs)}`,
    `step ${formatCount(step)}/${formatCount(start.steps)}`,
  ];
}

function figures(progress: Progress): string[] {
  const figures = shown(progress);
  if (figures === null) return ['waiting for the first step'];
  return [
    `loss ${formatFixed(figures.loss)}`,
    `accuracy ${formatPercent(figures.accuracy)}`,
    `${formatRate(figures.samplesPerSecond)} samples/s`,
    `time left ${formatDuration(figures.secondsLeft)}`,
  ];
}

function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, share) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

export function summaryLines(summary: RunSummary): string[] {
  const { validationLoss, validationAccuracy, testLoss, testAccuracy, stoppedEarly } = summary;
  const validates = validationLoss !== null && validationAccuracy !== null;
  const line = (set: string, loss: number, accuracy: number) =>
    `${set.padEnd(validates ? 10 : 6)} loss ${formatFixed(loss)}  accuracy ${formatPercent(accuracy)}`;
  return [
    line('train', summary.trainLoss, summary.trainAccuracy),
    ...(validates ? [line('validation', validationLoss, validationAccuracy)] : []),
    ...(testLoss !== null && testAccuracy !== null ? [line('test', testLoss, testAccuracy)] : []),
    ...bestLine(summary),
    `${formatCount(summary.steps)} steps${stoppedEarly ? ', stopped early' : ''}, ${formatRate(summary.samplesPerSecond)} samples/s, ` +
      `${formatDuration(summary.totalSeconds)} in all`,
    ...inexactLines(summary),
    `weights ${summary.weightsDigest}`,
    `run    ${showPath(summary.run)}`,
  ];
}

/** What gives up that the weights are the same bits when it is done again. */
function inexactLines({ mixedEngines, wire }: RunSummary): string[] {
  const what = [
    ...(mixedEngines === null ? [] : [`MIXED ENGINES (${mixedEngines.join(' and ')})`]),
    ...(wire === 'float32' ? [] : [`ROUNDED GRADIENTS (${wire})`]),
  ];
  return what.map((each) => `${each}: these weights are not the same bits when it is done again`);
}

/** Losses and accuracies above are of these weights, or of the last ones. */
function bestLine({ best, weightsOf }: RunSummary): string[] {
  if (best === null) return [];
  const whose = weightsOf === 'best' ? 'whose weights these are' : 'kept beside these weights';
  return [`best   epoch ${best.epoch}, ${best.metric} ${formatFixed(best.value)}, ${whose}`];
}

/** Relative to here where that is shorter. */
export function showPath(path: string): string {
  const near = relative(process.cwd(), path) || '.';
  return near.length < path.length ? near : path;
}
