import { open, type FileHandle } from 'node:fs/promises';
import { LockstepError } from '../../shared/errors.js';
import type { MetricsRecord } from '../../shared/run-events.js';
import { fileError, guarded } from './file-errors.js';

const NEWLINE = 10;

/**
 * metrics.jsonl: one JSON object a line, in the order of steps. Lines reach the file as they are
 * appended, and the disk at `sync`, which a checkpoint calls before it counts: so the file always
 * covers the newest checkpoint, and what it holds beyond is cut when the run is resumed.
 */
export class MetricsLog {
  readonly #path: string;
  readonly #file: FileHandle;
  #pending: string[] = [];
  #writing: Promise<void> = Promise.resolve();
  #failure: LockstepError | null = null;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Opens the log, dropping a torn last line, every record past `lastStep`, and that of an epoch
   * which ended there: it follows from the steps and from an evaluation that is done again, or
   * from neither, where the run goes beyond what was its last step.
   * @param lastStep optimizer steps done in the state that training goes on from; 0 for none.
   * @throws LockstepError RUN_METRICS_CORRUPT naming the line.
   */
  static async open(path: string, lastStep: number): Promise<MetricsLog> {
    return guarded(path, async () => {
      const file = await open(path, 'a+');
      try {
        const kept = lengthUpTo(await file.readFile(), lastStep, path);
        await file.truncate(kept);
        await file.sync();
      } catch (error) {
        await file.close();
        throw error;
      }
      return new MetricsLog(path, file);
    });
  }

  /**
   * Queues a record; it reaches the file soon, in order.
   * @throws LockstepError RUN_FOLDER_DISK_FULL … where an earlier record could not be written.
   */
  append(record: MetricsRecord): void {
    if (this.#failure !== null) throw this.#failure;
    this.#pending.push(`${JSON.stringify(record)}\n`);
    if (this.#pending.length === 1) this.#writing = this.#writing.then(() => this.#flush());
  }

  /** Waits until every record appended so far is on the disk. */
  async sync(): Promise<void> {
    await this.#writing;
    if (this.#failure !== null) throw this.#failure;
    await guarded(this.#path, () => this.#file.datasync());
  }

  async close(): Promise<void> {
    try {
      await this.sync();
    } finally {
      await this.#file.close();
    }
  }

  async #flush(): Promise<void> {
    const text = this.#pending.join('');
    this.#pending = [];
    try {
      if (this.#failure === null) await this.#file.appendFile(text);
    } catch (error) {
      this.#failure = await fileError(error, this.#path);
    }
  }
}

/** Bytes of the whole lines before the cut; steps never fall from line to line. */
function lengthUpTo(content: Buffer, lastStep: number, path: string): number {
  let start = 0;
  for (let line = 1; ; line++) {
    const end = content.indexOf(NEWLINE, start);
    if (end < 0) return start;
    const place = placeOf(content.toString('utf8', start, end));
    if (place === null) {
      if (end === content.length - 1) return start;
      throw corrupt(path, line);
    }
    if (place.step > lastStep || (place.step === lastStep && place.endsEpoch)) return start;
    start = end + 1;
  }
}

function placeOf(line: string): { step: number; endsEpoch: boolean } | null {
  try {
    const record = JSON.parse(line) as { step?: unknown; kind?: unknown } | null;
    if (typeof record?.step !== 'number') return null;
    return { step: record.step, endsEpoch: record.kind === 'epoch' };
  } catch {
    return null;
  }
}

function corrupt(path: string, line: number): LockstepError {
  return new LockstepError(
    'RUN_METRICS_CORRUPT',
    `Line ${String(line)} of ${path} is not a JSON object with a step.`,
    {
      hint: 'Mend or delete that line; weights and checkpoints do not depend on it.',
      where: { path, line },
    },
  );
}
