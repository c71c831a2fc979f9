import { hostname } from 'node:os';
import { ClockOffset } from '../../shared/trace/clock-offset.js';
import { wallMillis, type Span, type Tracer } from '../../shared/trace/span.js';
import type { RunObserver } from '../../shared/run-events.js';
import type { Trace } from '../../shared/wire/session.js';
import type { JoinedWorker } from '../cluster/cluster-server.js';
import { TraceFile, type TracedProcess } from './trace-file.js';

const COORDINATOR: TracedProcess = {
  name: 'coordinator',
  label: `${hostname()}, process ${process.pid}`,
};

/** The timeline of a run: what the coordinator and all workers do, on one clock. */
export class RunTrace {
  readonly #file: TraceFile;
  /** By member. */
  readonly #clocks = new Map<string, ClockOffset>();
  readonly #dropped = new Map<string, number>();

  private constructor(file: TraceFile) {
    this.#file = file;
  }

  /** Throws RUN_FOLDER_* where the file cannot be made. */
  static async open(path: string, notice: (text: string) => void): Promise<RunTrace> {
    const file = await TraceFile.create(path, (error) => {
      notice(`The timeline ends here: ${error.message}`);
    });
    notice(`The timeline goes to ${file.path}: open it at https://ui.perfetto.dev`);
    return new RunTrace(file);
  }

  /** For the one worker of a run that is in this process. */
  local(name: string): Tracer {
    const traced = { name, label: COORDINATOR.label };
    return (span) => {
      this.#file.add(traced, span);
    };
  }

  /** For what the coordinator itself does. */
  readonly own: Tracer = (span: Span) => {
    this.#file.add(COORDINATOR, span);
  };

  /** What a worker has told of itself. */
  take({ member, worker, host, pid }: JoinedWorker, { clock, spans, dropped }: Trace): void {
    const answered = wallMillis();
    let offset = this.#clocks.get(member);
    if (offset === undefined) this.#clocks.set(member, (offset = new ClockOffset()));
    if (clock !== null) offset.take({ ...clock, answered });
    const traced = { name: worker, label: `${host}, process ${pid}` };
    for (const span of spans) this.#file.add(traced, span, offset.correction);
    if (dropped > (this.#dropped.get(member) ?? 0)) {
      this.#dropped.set(member, dropped);
      this.#file.mark(traced, `${dropped} spans of ${worker} were left out so far`, answered);
    }
  }

  /** An observer that is told the same, whose notices and epochs are marked in the timeline. */
  watching(observer: RunObserver): RunObserver {
    const mark = (text: string): void => {
      this.#file.mark(COORDINATOR, text, wallMillis());
    };
    return {
      started: (started) => {
        observer.started(started);
      },
      step: (record) => {
        observer.step(record);
      },
      finished: (summary) => {
        observer.finished(summary);
      },
      notice: (text) => {
        mark(text);
        observer.notice(text);
      },
      epoch: (record) => {
        mark(`epoch ${record.epoch} ends`);
        observer.epoch(record);
      },
    };
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
