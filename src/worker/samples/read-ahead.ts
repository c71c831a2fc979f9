import { Worker } from 'node:worker_threads';
import { pixelsOf } from '../../shared/data/image-shape.js';
import { isStored, type SampleSet } from '../../shared/data/stored-set.js';
import { LockstepError } from '../../shared/errors.js';
import { microBatchCount, type Range } from '../../shared/numerics/micro-batches.js';
import type { TreeNode } from '../../shared/numerics/reduction-tree.js';
import { within } from '../../shared/within.js';
import { ComingBatches, type StepSamples } from './coming-batches.js';
import type { ReaderStart } from './read-ahead-thread.js';
import { allocateReadAhead, bump, publish, WORD, type ComingBatch, type ReadAheadMemory } from './read-ahead-memory.js'; // prettier-ignore

export interface ReadAheadWish {
  readonly sets: readonly SampleSet[];
  readonly threads: number;
  readonly batchSize: number;
  readonly microBatch: number;
  /** The most bytes of images in memory. */
  readonly memoryBytes: number;
  /** uint32 [samples of set 0] twice: see EpochOrders. */
  readonly orders: readonly [Uint32Array, Uint32Array];
  readonly notice: (text: string) => void;
}

/** What became of a worker's memory for images. */
export interface ReadAheadReport {
  /** Bytes of images that were held in memory at the most: all buffers for them. */
  readonly bytes: number;
  /** Micro-batches that were there when they were wanted, and that were not. */
  readonly ahead: number;
  readonly late: number;
}

const STOP_MILLISECONDS = 5000;
/** Micro-batches in the hands of a compute thread: as read, and as gathered for the engine. */
const HELD = 2;

/**
 * How many micro-batches may be read ahead: what is left of the memory after those in the hands of
 * compute threads, and no more than two steps need. Throws CONFIG_INVALID.
 */
export function readAheadSlots({
  sets,
  threads,
  batchSize,
  microBatch,
  memoryBytes,
}: Omit<ReadAheadWish, 'orders' | 'notice'>): number {
  const each = microBatch * pixelsOf(sets[0]!.shape);
  const slots = Math.floor(memoryBytes / each) - HELD * threads;
  if (slots < 1) {
    throw new LockstepError(
      'CONFIG_INVALID',
      `dataMemory: ${String(memoryBytes)} bytes cannot hold two micro-batches of ${String(each)} bytes for each of ${String(threads)} threads, and one that is read ahead.`,
      { hint: `Give at least ${String((HELD * threads + 1) * each)} bytes, or fewer threads.` },
    );
  }
  return Math.min(slots, 2 * microBatchCount(batchSize, microBatch) + threads);
}

/** Reads the images of coming micro-batches from the disk, on a thread of its own. */
export class ReadAhead {
  readonly memory: ReadAheadMemory;
  readonly #coming: ComingBatches;
  readonly #sets: readonly SampleSet[];
  readonly #microBatch: number;
  readonly #bytes: number;
  readonly #reader: Worker;
  readonly #ended: Promise<true>;
  #evaluations = 0;
  /** Of the step that follows. */
  #next: readonly ComingBatch[] = [];

  constructor(wish: ReadAheadWish) {
    const { sets, threads, microBatch, batchSize, orders, notice } = wish;
    const slots = readAheadSlots(wish);
    const pieces = Math.max(...sets.map(({ count }) => microBatchCount(count, microBatch)));
    const entries = pieces + 4 * microBatchCount(batchSize, microBatch);
    const imageBytes = pixelsOf(sets[0]!.shape);
    this.memory = allocateReadAhead(slots, microBatch, imageBytes, pieces, entries);
    this.#bytes = this.memory.pixels.byteLength + HELD * threads * microBatch * imageBytes;
    this.#coming = new ComingBatches(threads);
    this.#sets = sets;
    this.#microBatch = microBatch;
    const workerData: ReaderStart = { memory: this.memory, sets, orders };
    const file = new URL('./read-ahead-thread.js', import.meta.url);
    this.#reader = new Worker(file, { workerData });
    this.#reader.unref();
    this.#ended = new Promise((resolve) => {
      this.#reader.once('exit', () => {
        resolve(true);
      });
    });
    this.#reader.on('error', (error) => {
      notice(`Images are not read ahead any more, but when they are wanted: ${error.message}`);
    });
  }

  /** null where all sets are in memory. */
  static for(wish: ReadAheadWish): ReadAhead | null {
    return wish.sets.some(isStored) ? new ReadAhead(wish) : null;
  }

  /** A node of a step is about to be computed. */
  asked(now: StepSamples, node: TreeNode, next: StepSamples): void {
    const batches = this.#coming.asked(now, node, next);
    this.#next = batches.filter(({ tag }) => tag !== batches[0]?.tag);
    publish(this.memory, batches);
  }

  /** A range of micro-batches of a set is about to be evaluated: answers the tag for it. */
  evaluated(set: number, range: Range): number {
    const tag = -1 - (this.#evaluations++ % 0x40000000);
    const { count } = this.#sets[set]!;
    const pieces = microBatchCount(count, this.#microBatch);
    const batches = this.#coming.evaluated(tag, set, count, pieces, range);
    publish(this.memory, isStored(this.#sets[set]!) ? [...batches, ...this.#next] : this.#next);
    return tag;
  }

  get report(): ReadAheadReport {
    const { words } = this.memory;
    return {
      bytes: this.#bytes,
      ahead: Atomics.load(words, WORD.ahead),
      late: Atomics.load(words, WORD.late),
    };
  }

  async close(): Promise<void> {
    Atomics.store(this.memory.words, WORD.stop, 1);
    bump(this.memory);
    if (!(await within(STOP_MILLISECONDS, this.#ended, false))) await this.#reader.terminate();
  }
}
