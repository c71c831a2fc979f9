/** Shows on standard error how a data set is found, fetched and read. */
import type { DataListener, DataProgress } from '../shared/data/data-progress.js';

const MIB = 1 << 20;
/** How often a terminal's line is rewritten. */
const REDRAW_MILLIS = 100;
/** Where lines cannot be rewritten, one is printed for each such piece. */
const PLAIN_STEP_BYTES = 8 * MIB;

export interface DataProgressDisplay extends Required<DataListener> {
  /** Ends the line that is being rewritten. */
  readonly close: () => void;
}

/** @param quiet shows notices alone */
export function dataProgressDisplay(
  stream: NodeJS.WriteStream = process.stderr,
  quiet = false,
): DataProgressDisplay {
  let lastDraw = 0;
  let lastStep = -1;
  let lineIsOpen = false;
  const close = () => {
    if (lineIsOpen) stream.write('\r\u001b[K');
    lineIsOpen = false;
  };
  return {
    close,
    onNotice: (notice) => {
      close();
      stream.write(`${notice}\n`);
    },
    onProgress: (progress) => {
      if (quiet || progress.phase !== 'receive') return;
      if (stream.isTTY) {
        if (Date.now() - lastDraw < REDRAW_MILLIS) return;
        lastDraw = Date.now();
        lineIsOpen = true;
        stream.write(`\r\u001b[K${lineOf(progress)}`);
        return;
      }
      const step = Math.floor(progress.doneBytes / PLAIN_STEP_BYTES);
      if (step === lastStep) return;
      lastStep = step;
      stream.write(`${lineOf(progress)}\n`);
    },
  };
}

function lineOf({ subject, doneBytes, totalBytes }: DataProgress): string {
  const done = (doneBytes / MIB).toFixed(1);
  if (totalBytes === 0) return `fetching from ${subject}: ${done} MiB`;
  const percent = Math.floor((100 * doneBytes) / totalBytes);
  return `fetching from ${subject}: ${done} of ${(totalBytes / MIB).toFixed(1)} MiB, ${percent} %`;
}
