import type { Span } from './span.js';

/** So many spans wait at most: those of some hundred steps. */
const MOST = 4096;

/** Spans on their way to whoever writes them down; the newest are dropped when they are too many. */
export class SpanBuffer {
  #spans: Span[] = [];
  #dropped = 0;

  readonly add = (span: Span): void => {
    if (this.#spans.length < MOST) this.#spans.push(span);
    else this.#dropped++;
  };

  /** What has come since the last call, and how many spans have been dropped in all. */
  take(): { readonly spans: readonly Span[]; readonly dropped: number } {
    const spans = this.#spans;
    this.#spans = [];
    return { spans, dropped: this.#dropped };
  }
}
