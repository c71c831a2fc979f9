import type { Range } from './micro-batches.js';

/** Segments begin at whole cache lines: 16 float32. */
const LINE = 16;
/** Of float32: a segment and its header fit one frame of the wire. */
const MOST_ELEMENTS = 1 << 16;
/** Several, so that several workers can add at a time and a first one leaves early. */
const LEAST_SEGMENTS = 8;
/** Of float32: below it, a message's fixed cost is more than that of its bytes. */
const LEAST_ELEMENTS = 4096;

/** Elements [first, end) of segment `index` of a row of `length` elements, cut in `segments`. */
export function segmentRange(length: number, segments: number, index: number): Range {
  const lines = Math.ceil(length / LINE);
  const border = (i: number): number => Math.min(length, LINE * Math.floor((lines * i) / segments));
  return { first: border(index), end: border(index + 1) };
}

/** In how many segments rows travel between `workers` workers; none is empty. */
export function segmentCount(length: number, workers: number): number {
  const lines = Math.ceil(length / LINE);
  // Each segment is sent by all and to all: a short row in many pieces is a flood of messages.
  const useful = Math.min(workers, Math.floor(length / LEAST_ELEMENTS));
  const wanted = Math.max(LEAST_SEGMENTS, useful, Math.ceil(length / MOST_ELEMENTS));
  return Math.min(lines, wanted);
}
