import { SpanBuffer } from '../../shared/trace/span-buffer.js';
import { wallMillis, type Span } from '../../shared/trace/span.js';
import type { Clock, Trace } from '../../shared/wire/session.js';

const SEND_MILLISECONDS = 100;

/** Tells the coordinator of a traced run what this worker does, a few times a second. */
export class TraceSender {
  readonly #send: (message: Trace) => Promise<void>;
  readonly #buffer = new SpanBuffer();
  #clock: { readonly asked: number; readonly received: number } | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(send: (message: Trace) => Promise<void>) {
    this.#send = send;
  }

  readonly add = (span: Span): void => {
    this.#buffer.add(span);
    this.#timer ??= setTimeout(() => void this.flush(), SEND_MILLISECONDS);
  };

  /** The coordinator has told its clock. */
  heard({ asked }: Clock): void {
    this.#clock = { asked, received: wallMillis() };
  }

  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const clock = this.#clock && { ...this.#clock, sent: wallMillis() };
    this.#clock = null;
    const { spans, dropped } = this.#buffer.take();
    if (spans.length > 0) await this.#send({ kind: 'trace', clock, spans: [...spans], dropped });
  }
}
