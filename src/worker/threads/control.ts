/**
 * The words through which the worker's main thread and its compute threads keep in step. A piscina
 * task costs 50 µs (and milliseconds at worst), so each thread is one long task, and phases are
 * asked for and answered here, by Atomics.
 *
 *   int32, 32 words (128 bytes, so that no two writers share a cache line) a block:
 *
 *   block 0        written by the main thread: COMMAND, ABORT
 *   block 1        written by all threads: DONE and the barrier
 *   block 2 + t    written by thread t: THREAD; by the team that it leads: where it meets
 *   then float64   VALUE: what a phase is asked to do, written before COMMAND and read after it;
 *                  by thread: when it began and ended the phase, written before its answer
 */
const WORDS_PER_BLOCK = 32;
const BLOCK_BYTES = WORDS_PER_BLOCK * 4;

/** Sequence number of the phase asked for. */
export const COMMAND = 0;
/** Phases up to this sequence number are given up: waits inside them return. */
const ABORT = 1;
/** How many threads have answered the phase asked for. */
export const DONE = WORDS_PER_BLOCK;
const BARRIER_ARRIVED = WORDS_PER_BLOCK + 1;
const BARRIER_PASSED = WORDS_PER_BLOCK + 2;

/** Words of a thread's own block. */
export const THREAD = {
  /** Sequence number last answered, and how it ended. */
  answered: 0,
  outcome: 1,
  /** Grows with every piece of work: a thread whose count stands still is stuck. */
  progress: 2,
  /** Where it is, for the error that names it: index into PHASES, and the micro-batch. */
  phase: 3,
  microBatch: 4,
  /** Node's id of the thread. */
  nodeThread: 5,
  /** What a phase yields. */
  correct: 8,
  samples: 9,
  proofLow: 10,
  proofHigh: 11,
  /** First element of the thread's slice that is not finite, or −1. */
  nonFinite: 12,
  digestLow: 13,
  digestHigh: 14,
  busyMicroseconds: 15,
  /** Of a team, in its leader's block: how many have come, and how often all had. */
  teamArrived: 16,
  teamPassed: 17,
} as const;

export const OUTCOME = { ok: 0, failed: 1, aborted: 2 } as const;

export const PHASES = [
  'start',
  'compute',
  'combine',
  'apply',
  'evaluate',
  'predict',
  'stop',
] as const;
export type Phase = (typeof PHASES)[number];

/** float64 words of what a phase is asked to do. */
export const VALUE = {
  phase: 0,
  step: 1,
  epoch: 2,
  /** First place of the samples in their order, and their number. */
  first: 3,
  samples: 4,
  microBatches: 5,
  learningRate: 6,
  correction1: 7,
  correction2: 8,
  /** compute: which of the two epoch orders; evaluate and predict: index of the image set. */
  source: 9,
  /** apply: what the weights count for in their average. */
  averageRate: 10,
  /** What the micro-batches are for, as it was foretold to who reads ahead; see read-ahead-memory.ts. */
  tag: 11,
  /** Bounds of the threads' ranges of micro-batches: thread t does [cuts + t, cuts + t + 1). */
  cuts: 16,
} as const;

export interface Control {
  readonly words: Int32Array;
  readonly values: Float64Array;
}

export function allocateControl(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer((2 + threads) * BLOCK_BYTES + timesAt(threads, threads) * 8);
}

/** float64 words: when a thread began its last phase, and when it ended; performance.now(). */
export function timesAt(thread: number, threads: number): number {
  return VALUE.cuts + threads + 1 + 2 * thread;
}

export function openControl(buffer: SharedArrayBuffer, threads: number): Control {
  const wordBytes = (2 + threads) * BLOCK_BYTES;
  return {
    words: new Int32Array(buffer, 0, wordBytes / 4),
    values: new Float64Array(buffer, wordBytes),
  };
}

export function threadWord(thread: number, word: number): number {
  return (2 + thread) * WORDS_PER_BLOCK + word;
}

/**
 * All threads of a phase meet. Returns false where the phase was given up meanwhile: another thread
 * has failed, and it would never come.
 */
export function barrier(
  words: Int32Array,
  thread: number,
  threads: number,
  sequence: number,
): boolean {
  if (threads === 1) return true;
  const generation = Atomics.load(words, BARRIER_PASSED);
  if (Atomics.add(words, BARRIER_ARRIVED, 1) === threads - 1) {
    Atomics.store(words, BARRIER_ARRIVED, 0);
    Atomics.add(words, BARRIER_PASSED, 1);
    Atomics.notify(words, BARRIER_PASSED);
    return true;
  }
  while (Atomics.load(words, BARRIER_PASSED) === generation) {
    if (aborted(words, sequence)) return false;
    // Waiting is progress: it is the thread that does not come that is stuck.
    Atomics.add(words, threadWord(thread, THREAD.progress), 1);
    Atomics.wait(words, BARRIER_PASSED, generation, 100);
  }
  return true;
}

export function aborted(words: Int32Array, sequence: number): boolean {
  return Atomics.load(words, ABORT) >= sequence;
}

/** Gives a phase up, so that no thread waits in it for one that has failed. */
export function abortPhase(words: Int32Array, sequence: number): void {
  Atomics.store(words, ABORT, sequence);
  Atomics.notify(words, BARRIER_PASSED);
  for (let at = 2 * WORDS_PER_BLOCK; at < words.length; at += WORDS_PER_BLOCK) {
    Atomics.notify(words, at + THREAD.teamPassed);
  }
}

/** Asks all threads for a phase; nobody is inside one. Returns its sequence number. */
export function command(words: Int32Array): number {
  Atomics.store(words, DONE, 0);
  Atomics.store(words, BARRIER_ARRIVED, 0);
  for (let at = 2 * WORDS_PER_BLOCK; at < words.length; at += WORDS_PER_BLOCK) {
    Atomics.store(words, at + THREAD.teamArrived, 0);
  }
  const sequence = Atomics.add(words, COMMAND, 1) + 1;
  Atomics.notify(words, COMMAND);
  return sequence;
}

/** A thread's answer to a phase. The last one wakes the main thread. */
export function answer(
  words: Int32Array,
  thread: number,
  threads: number,
  sequence: number,
  outcome: number,
): void {
  Atomics.store(words, threadWord(thread, THREAD.outcome), outcome);
  Atomics.store(words, threadWord(thread, THREAD.answered), sequence);
  if (Atomics.add(words, DONE, 1) >= threads - 1 || outcome !== OUTCOME.ok) {
    Atomics.notify(words, DONE);
  }
}
