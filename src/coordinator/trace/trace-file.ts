import { open, type FileHandle } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import type { Span } from '../../shared/trace/span.js';
import { makeFolder } from '../run-folder/atomic-file.js';
import { fileError, guarded, systemCode } from '../run-folder/file-errors.js';

/** Whose spans: a process of the timeline. */
export interface TracedProcess {
  readonly name: string;
  /** `host, process 12`. */
  readonly label: string;
}

interface Track {
  readonly id: number;
  /** Milliseconds since 1970: when its last span ended. */
  busyUntil: number;
}

/**
 * A timeline as Perfetto (ui.perfetto.dev) and chrome://tracing read it: the JSON array of the
 * Trace Event Format, an event a line. The array is left open, as the format allows, so that the
 * file of a process that was killed can be read, too.
 */
export class TraceFile {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #onFailure: (error: Error) => void;
  readonly #processes = new Map<
    string,
    { readonly id: number; readonly tracks: Map<string, Track> }
  >();
  #pending: string[] = [];
  #writing: Promise<void> = Promise.resolve();
  #failed = false;

  private constructor(path: string, file: FileHandle, onFailure: (error: Error) => void) {
    this.path = path;
    this.#file = file;
    this.#onFailure = onFailure;
  }

  /**
   * Makes the file; where it exists, one with `-2`, `-3` … added to its name.
   * @param onFailure told once, when nothing more can be written: training goes on.
   * @throws LockstepError RUN_FOLDER_NOT_WRITABLE …
   */
  static async create(path: string, onFailure: (error: Error) => void): Promise<TraceFile> {
    await makeFolder(dirname(path));
    for (let attempt = 1; ; attempt++) {
      const extension = extname(path);
      const stem = path.slice(0, path.length - extension.length);
      const name = attempt === 1 ? path : `${stem}-${attempt}${extension}`;
      const file = await guarded(name, () => openNew(name));
      if (file === null) continue;
      const trace = new TraceFile(name, file, onFailure);
      trace.#write('[\n');
      return trace;
    }
  }

  /**
   * A stretch of time. `correction`: milliseconds to add, where another clock measured it. It begins
   * when the one before it on its track ended, at the earliest: segments that are handed to a line
   * together leave it one by one, and viewers drop what overlaps.
   */
  add(process: TracedProcess, span: Span, correction = 0): void {
    const { id, track } = this.#place(process, span.track);
    const begin = Math.max(span.begin + correction, track.busyUntil);
    track.busyUntil = Math.max(span.end + correction, begin);
    this.#event({
      ...{ ph: 'X', pid: id, tid: track.id, name: span.name },
      ...{ ts: micros(begin), dur: micros(track.busyUntil - begin) },
      args: span.facts,
    });
  }

  /** Something that happened, told across the whole timeline. `at`: milliseconds since 1970. */
  mark(process: TracedProcess, text: string, at: number): void {
    const { id, track } = this.#place(process, 'events');
    this.#event({ ph: 'i', s: 'g', pid: id, tid: track.id, name: text, ts: micros(at) });
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  #place({ name, label }: TracedProcess, called: string): { id: number; track: Track } {
    let process = this.#processes.get(name);
    if (process === undefined) {
      process = { id: this.#processes.size, tracks: new Map() };
      this.#processes.set(name, process);
      const pid = process.id;
      this.#event({ ph: 'M', pid, name: 'process_name', args: { name } });
      this.#event({ ph: 'M', pid, name: 'process_labels', args: { labels: label } });
      this.#event({ ph: 'M', pid, name: 'process_sort_index', args: { sort_index: pid } });
    }
    let track = process.tracks.get(called);
    if (track === undefined) {
      const tid = process.tracks.size;
      track = { id: tid, busyUntil: -Infinity };
      process.tracks.set(called, track);
      const named = { ph: 'M', pid: process.id, tid };
      this.#event({ ...named, name: 'thread_name', args: { name: called } });
      this.#event({ ...named, name: 'thread_sort_index', args: { sort_index: tid } });
    }
    return { id: process.id, track };
  }

  #event(event: object): void {
    this.#write(`${JSON.stringify(event)},\n`);
  }

  #write(text: string): void {
    if (this.#failed) return;
    this.#pending.push(text);
    if (this.#pending.length === 1) this.#writing = this.#writing.then(() => this.#flush());
  }

  async #flush(): Promise<void> {
    const text = this.#pending.join('');
    this.#pending = [];
    try {
      await this.#file.appendFile(text);
    } catch (error) {
      this.#failed = true;
      this.#onFailure(await fileError(error, this.path));
    }
  }
}

/** null: there is such a file. */
async function openNew(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'wx');
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return null;
    throw error;
  }
}

/** Whole microseconds, in thousandths: Perfetto keeps nanoseconds. */
const micros = (millis: number): number => Math.round(millis * 1e6) / 1e3;
