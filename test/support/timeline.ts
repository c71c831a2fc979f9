/** Timelines, as a viewer reads them. */
import { readFileSync } from 'node:fs';

export interface TimelineEvent {
  readonly process: string;
  readonly track: string;
  readonly name: string;
  /** Milliseconds. */
  readonly begin: number;
  readonly end: number;
  readonly facts: Readonly<Record<string, unknown>>;
}

interface RawEvent {
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args: Record<string, unknown>;
}

/** The stretches of time of a file in the Trace Event Format, its marks, by their tracks' names. */
export function readTimeline(path: string): {
  readonly spans: readonly TimelineEvent[];
  readonly marks: readonly string[];
} {
  // The array may be left open.
  const text = readFileSync(path, 'utf8').trim().replace(/,$/, '');
  const events = JSON.parse(text.endsWith(']') ? text : `${text}]`) as RawEvent[];
  const named = (name: string, event: RawEvent): string => {
    const found = events.find(
      ({ ph, pid, tid, name: called }) =>
        ph === 'M' &&
        called === name &&
        pid === event.pid &&
        (name === 'process_name' || tid === event.tid),
    );
    if (found === undefined) throw new TypeError(`${name} of ${JSON.stringify(event)} is not told`);
    return String(found.args['name']);
  };
  const spans = events
    .filter(({ ph }) => ph === 'X')
    .map((event) => ({
      process: named('process_name', event),
      track: named('thread_name', event),
      name: event.name,
      begin: event.ts / 1000,
      end: (event.ts + event.dur) / 1000,
      facts: event.args,
    }));
  return { spans, marks: events.filter(({ ph }) => ph === 'i').map(({ name }) => name) };
}

/** Spans of one track must lie beside or within each other, or viewers draw nonsense. */
export function crossingSpans(spans: readonly TimelineEvent[]): string[] {
  const tracks = new Map<string, TimelineEvent[]>();
  for (const span of spans) {
    const track = `${span.process} ${span.track}`;
    tracks.set(track, [...(tracks.get(track) ?? []), span]);
  }
  const wrong: string[] = [];
  for (const [track, own] of tracks) {
    const sorted = [...own].sort((a, b) => a.begin - b.begin || b.end - a.end);
    const open: TimelineEvent[] = [];
    for (const span of sorted) {
      while (open.length > 0 && open.at(-1)!.end <= span.begin + 1e-3) open.pop();
      const around = open.at(-1);
      if (around && span.end > around.end + 1e-3) {
        wrong.push(`${track}: ${around.name} and ${span.name}`);
      }
      open.push(span);
    }
  }
  return wrong;
}
