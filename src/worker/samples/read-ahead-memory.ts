/**
 * What the thread that reads ahead and the compute threads share. A slot holds the images of one
 * micro-batch of the near future, and has one owner at a time, whom its state tells:
 *
 *   EMPTY    the reader's
 *   FILLING  the reader's, with the samples told that it will hold; who wants them waits
 *   READY    nobody's: a compute thread that wants it makes it TAKEN, the reader that gives it up EMPTY
 *   TAKEN    the compute thread's that made it so; it leaves it EMPTY. One that dies meanwhile leaves it
 *            so: a slot less to read ahead to
 *
 * What a slot holds is told by the indices of its samples, which whoever takes it compares with those
 * that he wants: whatever was foretold, and however late, nobody computes on other images than his own.
 */

export const STATE = { empty: 0, filling: 1, ready: 2, taken: 3 } as const;

/** Words of a slot, in a block of their own (128 bytes). */
export const SLOT_WORDS = 32;
export const SLOT = { state: 0, set: 1, size: 2 } as const;

export const WORD = {
  /** Grows with all that the reader may want to look at; it waits here. */
  event: 0,
  /** Number of the list that counts; its parity says which of the two. */
  list: 1,
  stop: 2,
  /** Micro-batches that were taken from slots, and that compute threads had to read themselves. */
  ahead: 3,
  late: 4,
} as const;
const WORDS = 32;

/** A micro-batch that will be wanted: words of an entry of a list. */
export const ENTRY_WORDS = 7;

export interface ComingBatch {
  /** The compute thread that will want it. */
  readonly thread: number;
  /** What it is wanted for: a step, or an evaluation. */
  readonly tag: number;
  /** Index among the micro-batches of that. */
  readonly index: number;
  readonly set: number;
  /** Which of the two epoch orders has its samples; −1: the set's own order. */
  readonly order: number;
  /** First place of its samples in the order, and their number. */
  readonly first: number;
  readonly size: number;
}

export interface ReadAheadMemory {
  readonly slots: number;
  /** Largest micro-batch, and bytes of an image. */
  readonly microBatch: number;
  readonly imageBytes: number;
  /** int32: WORD. */
  readonly words: Int32Array;
  /** int32 [slots, SLOT_WORDS] */
  readonly states: Int32Array;
  /** uint32 [slots, microBatch]: samples that a slot holds. */
  readonly samples: Uint32Array;
  /** uint8 [slots, microBatch, imageBytes] */
  readonly pixels: Uint8Array;
  /** int32 [micro-batches of the largest set]: the tag for which one was last begun. */
  readonly begun: Int32Array;
  /** int32 [1 + entries · ENTRY_WORDS] twice: their number, and the entries. */
  readonly lists: readonly [Int32Array, Int32Array];
}

export function allocateReadAhead(
  slots: number,
  microBatch: number,
  imageBytes: number,
  pieces: number,
  entries: number,
): ReadAheadMemory {
  const words = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(4 * count));
  return {
    ...{ slots, microBatch, imageBytes },
    words: words(WORDS),
    states: words(slots * SLOT_WORDS),
    samples: new Uint32Array(new SharedArrayBuffer(4 * slots * microBatch)),
    pixels: new Uint8Array(new SharedArrayBuffer(slots * microBatch * imageBytes)),
    begun: words(pieces),
    lists: [words(1 + entries * ENTRY_WORDS), words(1 + entries * ENTRY_WORDS)],
  };
}

/** Wakes the reader. */
export function bump({ words }: ReadAheadMemory): void {
  Atomics.add(words, WORD.event, 1);
  Atomics.notify(words, WORD.event);
}

/** Makes `batches` the list that counts; what does not fit is left out. */
export function publish(memory: ReadAheadMemory, batches: Iterable<ComingBatch>): void {
  const number = Atomics.load(memory.words, WORD.list) + 1;
  const list = memory.lists[(number & 1) as 0 | 1];
  let at = 1;
  for (const { thread, tag, index, set, order, first, size } of batches) {
    if (at + ENTRY_WORDS > list.length) break;
    list.set([thread, tag, index, set, order, first | 0, size], at);
    at += ENTRY_WORDS;
  }
  list[0] = (at - 1) / ENTRY_WORDS;
  Atomics.store(memory.words, WORD.list, number);
  bump(memory);
}

/** Entry `i` of a list. */
export function entryOf(list: Int32Array, i: number): ComingBatch {
  const [thread, tag, index, set, order, first, size] = list.subarray(
    1 + i * ENTRY_WORDS,
    1 + (i + 1) * ENTRY_WORDS,
  ) as unknown as [number, number, number, number, number, number, number];
  return { thread, tag, index, set, order, first: first >>> 0, size };
}
