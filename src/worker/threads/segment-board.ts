import { segmentRange } from '../../shared/numerics/row-segments.js';

/**
 * Which segments of a row are final while the compute threads are still at work: shared between
 * them and the worker's main thread, so that a segment can leave while backward goes on.
 *
 *   int32:  word 0: how many segments are final; then for each segment
 *     +0  how many threads are through with it
 *     +1  1 when it is added up, and what follows is true of it
 *     +2  the segment's part of the row's digest, low and high word
 *     +4  first element of the row in it that is not finite, or −1
 */
const WORDS = 5;
const ARRIVED = 0;
const FINAL = 1;
const DIGEST = 2;
const NON_FINITE = 4;

/** What is known of a segment that is final. */
export interface FinalSegment {
  readonly digest: bigint;
  /** Place in the row; −1: all of its elements are finite. */
  readonly nonFinite: number;
}

export function allocateBoard(segments: number): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * (1 + segments * WORDS));
}

export class SegmentBoard {
  readonly segments: number;
  readonly #words: Int32Array;
  readonly #rowLength: number;

  constructor(buffer: SharedArrayBuffer, rowLength: number) {
    this.#words = new Int32Array(buffer);
    this.#rowLength = rowLength;
    this.segments = (this.#words.length - 1) / WORDS;
  }

  /** For the next row; no thread may be at work. */
  clear(): void {
    this.#words.fill(0);
  }

  /** Elements [first, end) of the row. */
  range(segment: number): { readonly first: number; readonly end: number } {
    return segmentRange(this.#rowLength, this.segments, segment);
  }

  /** A thread is through with a segment; true for the last of them, who is to add it up. */
  arrive(segment: number, threads: number): boolean {
    return Atomics.add(this.#words, this.#at(segment) + ARRIVED, 1) === threads - 1;
  }

  /** The segment is added up: wakes who waits in `changed`. */
  finish(segment: number, { digest, nonFinite }: FinalSegment): void {
    const at = this.#at(segment);
    this.#words[at + DIGEST] = Number(BigInt.asIntN(32, digest));
    this.#words[at + DIGEST + 1] = Number(BigInt.asIntN(32, digest >> 32n));
    this.#words[at + NON_FINITE] = nonFinite;
    Atomics.store(this.#words, at + FINAL, 1);
    Atomics.add(this.#words, 0, 1);
    Atomics.notify(this.#words, 0);
  }

  /** null where the segment is not final yet. */
  final(segment: number): FinalSegment | null {
    const at = this.#at(segment);
    if (Atomics.load(this.#words, at + FINAL) === 0) return null;
    const [low, high] = [this.#words[at + DIGEST]! >>> 0, this.#words[at + DIGEST + 1]! >>> 0];
    const digest = BigInt(low) + (BigInt(high) << 32n);
    return { digest, nonFinite: this.#words[at + NON_FINITE]! };
  }

  /** How many segments are final. */
  get count(): number {
    return Atomics.load(this.#words, 0);
  }

  /** Resolves when more than `count` segments are final, or after `millis`. */
  async changed(count: number, millis: number): Promise<void> {
    const wait = Atomics.waitAsync(this.#words, 0, count, millis);
    if (wait.async) await wait.value;
  }

  #at(segment: number): number {
    return 1 + segment * WORDS;
  }
}
