/** What a timeline is made of: see docs/timeline.md. */

/** Whole numbers from 0 and words beside a span: step, segment, peer. */
export type SpanFacts = Readonly<Record<string, number | string>>;

/** Something that took time in one worker, or in the coordinator. */
export interface Span {
  /** What it went on in: `step`, `rows`, `thread 0`. Spans of one track follow one another. */
  readonly track: string;
  readonly name: string;
  /** Milliseconds since 1970, with fractions, by the clock of the machine where it went on. */
  readonly begin: number;
  readonly end: number;
  readonly facts: SpanFacts;
}

/** Where spans go. */
export type Tracer = (span: Span) => void;

/** Milliseconds since 1970, by a clock that never jumps while the process lives. */
export const wallMillis = (at = performance.now()): number => performance.timeOrigin + at;
