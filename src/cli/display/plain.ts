import type { Display } from './display.js';
import { epochLine, plainPaint, progressLine, startLine } from './lines.js';
import { printable } from './printable.js';
import { advance, beginProgress, type Progress } from './progress.js';

/** A line of progress after so many seconds of training; the first step always has one. */
const LINE_SECONDS = 10;

/** Plain lines, for logs and pipes: no colour, no control characters. */
export function plainDisplay(stream: NodeJS.WritableStream): Display {
  let progress: Progress | null = null;
  let sinceLine = Infinity;
  const line = (text: string): void => void stream.write(`${text}\n`);
  const notice = (text: string): void => {
    line(printable(text));
  };
  return {
    notice,
    started: (start) => {
      progress = beginProgress(start);
      line(startLine(start));
    },
    step: (record) => {
      if (progress === null) return;
      progress = advance(progress, record);
      sinceLine += record.stepSeconds;
      if (sinceLine < LINE_SECONDS) return;
      sinceLine = 0;
      line(progressLine(progress));
    },
    epoch: (record) => {
      line(epochLine(record, progress?.start.epochs ?? record.epoch, plainPaint));
    },
    finished: () => undefined,
    close: () => undefined,
  };
}
