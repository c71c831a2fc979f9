/** Shows on standard error how an import gets on. */
import type { ImportProgress } from '../coordinator/photos/import-photos.js';
import { formatCount, formatDuration, formatWholePercent } from '../shared/format.js';

/** How often a terminal's line is rewritten, and one is printed where that cannot be done. */
const REDRAW_MILLIS = 100;
const PLAIN_MILLIS = 5000;

export interface ImportProgressDisplay {
  readonly onProgress: (progress: ImportProgress) => void;
  /** Ends the line that is being rewritten. */
  readonly close: () => void;
}

export function importProgressDisplay(stream: NodeJS.WriteStream): ImportProgressDisplay {
  const began = performance.now();
  let last = began;
  let lineIsOpen = false;
  return {
    close: () => {
      if (lineIsOpen) stream.write('\r\u001b[K');
      lineIsOpen = false;
    },
    onProgress: (progress) => {
      const now = performance.now();
      const isOver = progress.done === progress.total;
      if (!isOver && now - last < (stream.isTTY ? REDRAW_MILLIS : PLAIN_MILLIS)) return;
      last = now;
      lineIsOpen = stream.isTTY;
      const line = progressLine(progress, (now - began) / 1000);
      stream.write(stream.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
    },
  };
}

export function progressLine({ done, total, faulty }: ImportProgress, seconds: number): string {
  const rate = done / seconds;
  const wrong = faulty === 0 ? '' : `, ${formatCount(faulty)} faulty`;
  const left = done === total ? '' : `  time left ${formatDuration((total - done) / rate)}`;
  return `imported ${formatCount(done)} of ${formatCount(total)} photographs, ${formatWholePercent(done / total)}${wrong}  ${formatCount(rate)} a second${left}`;
}
