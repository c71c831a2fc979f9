import { createLogUpdate } from 'log-update';
import type { Display } from './display.js';
import { epochLine, liveLines, startLine, type Paint } from './lines.js';
import { printable } from './printable.js';
import { advance, beginProgress, type Progress } from './progress.js';

/** Often enough to look alive, seldom enough to cost nothing. */
const FRAME_MILLIS = 100;

/** Two lines at the foot of a terminal, drawn anew in place; epochs and notices stand above. */
export function liveDisplay(
  stream: NodeJS.WriteStream,
  paint: Paint,
  now: () => number = () => performance.now(),
): Display {
  const foot = createLogUpdate(stream);
  let progress: Progress | null = null;
  let drawnAt = -Infinity;

  const draw = (): void => {
    if (progress === null) return;
    drawnAt = now();
    foot(liveLines(progress, stream.columns > 0 ? stream.columns : 80, paint).join('\n'));
  };
  const above = (line: string): void => {
    foot.clear();
    stream.write(`${line}\n`);
    draw();
  };
  stream.on('resize', draw);

  return {
    notice: (text) => {
      above(printable(text));
    },
    started: (start) => {
      progress = beginProgress(start);
      above(startLine(start));
    },
    step: (record) => {
      if (progress === null) return;
      progress = advance(progress, record);
      if (now() - drawnAt >= FRAME_MILLIS) draw();
    },
    epoch: (record) => {
      above(epochLine(record, progress?.start.epochs ?? record.epoch, paint));
    },
    finished: () => undefined,
    close: () => {
      stream.off('resize', draw);
      foot.clear();
      foot.done();
    },
  };
}
